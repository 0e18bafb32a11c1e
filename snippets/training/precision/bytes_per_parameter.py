"""Bytes for a parameter of weights, gradients and AdamW's state."""

import torch
from torch import nn

N = 1000


def _row(name: str, weight: torch.dtype, state: torch.dtype, master: bool) -> str:
    """Make one real step, and measure what is kept."""
    parameter = nn.Parameter(torch.ones(N, dtype=weight))
    parameter.grad = torch.ones_like(parameter)
    optimized = nn.Parameter(torch.ones(N, dtype=state))
    optimized.grad = torch.ones_like(optimized)
    optimizer = torch.optim.AdamW([optimized])
    optimizer.step()
    moments = [v for k, v in optimizer.state[optimized].items() if k != "step"]
    kept = [parameter, parameter.grad, optimized if master else None]
    sizes = [0 if t is None else t.nbytes // N for t in kept]
    sizes.append(sum(m.nbytes for m in moments) // N)
    w, g, m, s = sizes
    return f"| {name} | {w} + {m} | {g} + {s} | {sum(sizes)} |"


def table() -> str:
    """Rows by the dtypes of weights and state."""
    full, half = torch.float32, torch.bfloat16
    head = "| training in | weights + master | gradient + state | sum |"
    return "\n".join(
        [
            *(head, "|:--|--:|--:|--:|"),
            _row("float32, with or without autocast", full, full, False),
            _row("bfloat16, float32 master and state", half, full, True),
            _row("bfloat16, float32 state, stochastic rounding", half, full, False),
            _row("bfloat16, all of it", half, half, False),
        ]
    )
