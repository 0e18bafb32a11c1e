"""The iteration with which Muon sets the singular values of a matrix to about 1."""

from torch import Tensor


def newton_schulz(
    matrix: Tensor,
    steps: int = 5,
    coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
    eps: float = 1e-7,
) -> Tensor:
    """Keep the singular vectors of `matrix`, move its singular values towards 1.

    Each step maps every singular value s to a*s + b*s**3 + c*s**5. It costs three
    matrix products and no decomposition.

    Args:
        matrix: `(..., A, B)`, floating point; leading dimensions are a batch.
        steps: Iterations.
        coefficients: a, b, c of the polynomial.
        eps: Smallest norm to divide by.

    Returns:
        The shape and dtype of `matrix`. torch.optim.Muon computes in bfloat16; this
        function in the dtype that it is given.

    Raises:
        ValueError: If `matrix` has fewer than two dimensions or no floating dtype.

    Source: `torch.optim.Muon`; K. Jordan et al., Muon, 2024.

    Examples:
        >>> import torch
        >>> matrix = torch.diag(torch.tensor([100.0, 10.0, 1.0]))
        >>> newton_schulz(matrix).diagonal()
        tensor([0.7021, 0.7087, 0.6967])

        The scale of the input is divided out, and a tall matrix is a wide one turned:

        >>> wide = torch.randn(3, 8, generator=torch.manual_seed(0))
        >>> torch.allclose(newton_schulz(1e3 * wide), newton_schulz(wide), atol=1e-4)
        True
        >>> torch.allclose(newton_schulz(wide.T), newton_schulz(wide).T, atol=1e-5)
        True
    """
    if matrix.ndim < 2 or not matrix.is_floating_point():
        raise ValueError(
            "matrix must be floating point of shape (..., A, B), "
            f"got {matrix.dtype} of shape {tuple(matrix.shape)}"
        )
    a, b, c = coefficients
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
