"""Fit a small model on all its data with LBFGS, until the gradient is small."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def lbfgs_fit(
    parameters: Iterable[nn.Parameter],
    loss_fn: Callable[[], Tensor],
    tol: float = 1e-6,
    max_calls: int = 1000,
    history_size: int = 100,
) -> dict[str, float]:
    """Minimise a deterministic loss and report how it ended.

    Args:
        parameters: What to fit, in place; any that are frozen are left out.
        loss_fn: Returns the scalar loss on all data, with any penalty added.
        tol: Stop when no entry of the gradient is larger.
        max_calls: Budget of gradient evaluations.
        history_size: Pairs of vectors to remember.

    Returns:
        The final `loss`, the largest entry of its `gradient`, the number of `calls`,
        and whether it `converged`.

    Raises:
        ValueError: If nothing is to be fitted, the loss is no scalar, is not finite,
            or differs between two calls at the same parameters.

    Source: `torch.optim.LBFGS` with the strong Wolfe line search.

    Examples:
        Least squares, against the closed form.

        >>> x, y = torch.randn(50, 3).double(), torch.randn(50).double()
        >>> weight = nn.Parameter(torch.zeros(3).double())
        >>> report = lbfgs_fit([weight], lambda: (x @ weight - y).square().mean())
        >>> exact = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
        >>> report["converged"], torch.allclose(weight, exact, atol=1e-5)
        (True, True)
    """
    params = [p for p in parameters if p.requires_grad]
    if not params:
        raise ValueError("parameters must contain one that requires a gradient")
    with torch.no_grad():
        first, second = loss_fn(), loss_fn()
    if first.numel() != 1:
        raise ValueError(f"loss_fn must return a scalar, got {tuple(first.shape)}")
    if not first.isfinite():
        raise ValueError(f"loss_fn must be finite at the start, got {first.item()}")
    if not torch.equal(first, second):
        pair = f"{first.item()} and {second.item()}"
        raise ValueError(f"loss_fn must be deterministic, two calls gave {pair}")
    optimizer = torch.optim.LBFGS(
        params,
        max_iter=max_calls,
        max_eval=max_calls,
        tolerance_grad=tol,
        tolerance_change=0,
        history_size=history_size,
        line_search_fn="strong_wolfe",
    )
    calls = 0

    def closure() -> Tensor:
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = loss_fn()
        loss.backward()
        return loss

    optimizer.step(closure)
    used, loss = calls, closure().item()  # the last call need not be where it ended
    gradient = max(p.grad.abs().max().item() for p in params if p.grad is not None)
    converged = math.isfinite(loss) and gradient <= tol
    return {"loss": loss, "gradient": gradient, "calls": used, "converged": converged}
