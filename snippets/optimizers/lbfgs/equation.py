"""A differential equation fitted by a network: LBFGS and Adam."""

import math

import torch
from torch import Tensor, nn

from snippets.optimizers.lbfgs.lbfgs_fit import lbfgs_fit

HIDDEN, CALLS, SEEDS = 16, 200, 3
RATES = (0.03, 0.1, 0.3)


def _network(seed: int, dtype: torch.dtype) -> list[nn.Parameter]:
    """Weights `w`, `b`, `v` of `u(x) = sum(v * tanh(w * x + b)) + c`, and `c`."""
    generator = torch.Generator().manual_seed(seed)
    scales = 3.0, 2.0, 0.3
    weights = [torch.randn(HIDDEN, generator=generator) * s for s in scales]
    return [nn.Parameter(p.to(dtype)) for p in (*weights, torch.zeros(1))]


def _u(p: list[nn.Parameter], x: Tensor) -> Tensor:
    """The network at points `x` of shape `(N,)`."""
    w, b, v, c = p
    return (x[:, None] * w + b).tanh() @ v + c


def _loss(p: list[nn.Parameter]) -> Tensor:
    """Residual of u'' = -pi^2 sin(pi x) on [0, 1] with u = 0 at both ends."""
    w, b, v, _ = p
    x = torch.linspace(0, 1, 32, dtype=w.dtype)
    t = (x[:, None] * w + b).tanh()
    bend = (-2 * t * (1 - t**2) * w**2) @ v
    residual = bend + math.pi**2 * (math.pi * x).sin()
    ends = _u(p, x[[0, -1]])
    return residual.square().mean() / 10 + 10 * ends.square().sum()


def _error(p: list[nn.Parameter]) -> float:
    """Largest difference to the solution sin(pi x)."""
    x = torch.linspace(0, 1, 101, dtype=p[0].dtype)
    with torch.no_grad():
        return (_u(p, x) - (math.pi * x).sin()).abs().max().item()


def _adam(seed: int, lr: float) -> tuple[float, int]:
    """Error and steps of Adam, the rate falling to 0."""
    p = _network(seed, torch.float32)
    optimizer = torch.optim.Adam(p, lr=lr)
    for step in range(CALLS):
        optimizer.param_groups[0]["lr"] = lr * (1 - step / CALLS)
        optimizer.zero_grad()
        _loss(p).backward()
        optimizer.step()
    return _error(p), CALLS


def _lbfgs(seed: int, dtype: torch.dtype) -> tuple[float, int]:
    """Error and calls of LBFGS."""
    p = _network(seed, dtype)
    report = lbfgs_fit(p, lambda: _loss(p), tol=1e-12, max_calls=CALLS)
    return _error(p), report["calls"]


def table() -> str:
    """Tabulate the calls and the errors of all seeds."""
    rows = ["| optimizer | calls | largest error, three seeds |", "| --- | --- | --- |"]
    runs = {f"Adam, lr {lr:g}": [_adam(s, lr) for s in range(SEEDS)] for lr in RATES}
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        runs[f"LBFGS, {name}"] = [_lbfgs(s, dtype) for s in range(SEEDS)]
    for name, each in runs.items():
        errors = ", ".join(f"{e:.0e}" for e, _ in sorted(each))
        calls = ", ".join(str(c) for c in sorted({c for _, c in each}))
        rows.append(f"| {name} | {calls} | {errors} |")
    return "\n".join(rows)
