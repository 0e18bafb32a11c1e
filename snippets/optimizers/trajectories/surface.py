"""Five small losses on which paths of optimizers can be watched."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def surface(name: str, runs: int = 1) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """A loss and the point from which to start on it.

    Args:
        name: `"valley"`, a quadratic with curvatures 20 and 0.4, turned by 30 degrees;
            `"aligned"`, the same along the axes; `"rosenbrock"`, a bent valley, its
            minimum at (1, 1); `"saddle"`, up in one direction and down to two minima
            in the other; `"noisy"`, a round bowl whose gradient carries unit normal
            noise, new at every call; `"matrix"`, a linear regression for an 8 by 8
            matrix from inputs of condition number 100.
        runs: How often the start is repeated, each with noise of its own.

    Returns:
        The loss of points `(..., *point)`, and starts `(runs, *point)`; a point is
        `(2,)`, of the matrix `(8, 8)`.

    Raises:
        ValueError: No such surface.

    Source:
        torch.autograd differentiates them; the bent valley is Rosenbrock's.

    Examples:
        >>> loss, start = surface("valley")
        >>> hessian = torch.autograd.functional.hessian(loss, torch.zeros(2).double())
        >>> torch.linalg.eigvalsh(hessian)
        tensor([ 0.4000, 20.0000], dtype=torch.float64)
        >>> loss, start = surface("rosenbrock")
        >>> start, loss(torch.ones(2)).item()
        (tensor([[-1.2000,  1.0000]], dtype=torch.float64), 0.0)
    """
    generator = torch.Generator().manual_seed(0)
    options = {"generator": generator, "dtype": torch.float64}
    turn = math.radians(30 if name == "valley" else 0)
    axis = torch.tensor([math.cos(turn), math.sin(turn)], dtype=torch.float64)
    across = torch.stack([-axis[1], axis[0]])
    start = 4 * axis + across

    def valley(w: Tensor) -> Tensor:
        return 0.2 * (w @ axis) ** 2 + 10 * (w @ across) ** 2

    def rosenbrock(w: Tensor) -> Tensor:
        x, y = w.unbind(-1)
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def saddle(w: Tensor) -> Tensor:
        x, y = w.unbind(-1)
        return x**2 + (y**2 - 1) ** 2 / 4

    def noisy(w: Tensor) -> Tensor:
        noise = torch.randn(w.shape[-2:], **options)
        return (w.square() / 2 + w * noise).sum(-1)

    if name in ("valley", "aligned"):
        loss = valley
    elif name == "rosenbrock":
        loss, start = rosenbrock, torch.tensor([-1.2, 1.0]).double()
    elif name == "saddle":
        loss, start = saddle, torch.tensor([1.0, 1e-3]).double()
    elif name == "noisy":
        loss, start = noisy, torch.tensor([3.0, 2.0])
    elif name == "matrix":
        turned, _ = torch.linalg.qr(torch.randn(8, 8, **options))
        inputs = turned * torch.logspace(-2, 0, 8, dtype=torch.float64) @ turned.T
        target = torch.randn(8, 8, **options)
        start = torch.zeros(8, 8)

        def loss(w: Tensor) -> Tensor:
            return ((w - target) @ inputs).square().sum((-1, -2)) / 2
    else:
        raise ValueError(
            "name must be valley, aligned, rosenbrock, saddle, noisy or matrix, "
            f"got {name!r}"
        )
    return loss, start.double().expand(runs, *start.shape).clone()
