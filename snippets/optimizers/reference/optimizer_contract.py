"""What an optimizer takes, keeps and does, found by running it."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def optimizer_contract(
    make: Callable[..., Optimizer], **options: Any
) -> dict[str, str]:
    """Run one or two steps of many kinds and say what happened.

    All parameters start at 1. Where dense gradients are refused, sparse ones are given.

    Args:
        make: The class, called with a list of one parameter.
        options: Keyword arguments of `make`.

    Returns:
        `"matrix"`, `"vector"`: bytes of state a parameter, in float32. `"state"`: its
        names. `"first 0.001"`, `"first 1"`, `"first 1000"`: the first step for that
        gradient, over `lr`. `"None"`, `"zero second"`: the step after a first one, over
        it; all without weight decay. `"nan"`: elements of 12 spoilt by one. `"sparse"`,
        `"zero first"`, `"complex"`, `"bfloat16"`, each switch: what happens, an error
        by its type.

    Source: `torch.optim.Optimizer`, by execution.

    Examples:
        >>> adam = optimizer_contract(torch.optim.Adam)
        >>> adam["matrix"], adam["first 1000"], adam["sparse"], adam["nan"]
        ('8', '1', 'RuntimeError', '1')
        >>> optimizer_contract(torch.optim.SGD, momentum=0.9)["zero second"]
        '0.9'
    """
    sparse = False

    def run(*steps: Any, shape: Any = (4, 3), kind: Any = torch.float64, **more: Any):
        p = torch.ones(shape, dtype=kind)
        optimizer, path = make([p], **options, **more), [p.clone()]
        for g in steps:
            p.grad = torch.full_like(p, g) if isinstance(g, float) else g
            if sparse and g is not None:
                p.grad = _rows(p.grad)
            with torch.sparse.check_sparse_tensor_invariants():
                optimizer.step(lambda: torch.ones(()))
            path.append(p.clone())
        return optimizer, torch.stack(path).diff(dim=0)

    def says(call: Callable[[], str]) -> str:
        try:
            return call()
        except Exception as error:
            return type(error).__name__

    def moves(*gradients: Any, **more: Any) -> str:
        return "moves" if run(*gradients, **more)[1].any() else "stands still"

    def second(gradient: float | None) -> str:
        first, after = run(1.0, gradient)[1]
        after = after if gradient is None else after - decay[0]
        return _digits(round((after / (first - decay[0])).mean().item(), 3))

    def state(*shape: int) -> str:
        optimizer, _ = run(1.0, -1.0, shape=shape, kind=torch.float32)
        return _digits(_bytes(dict(optimizer.state)) / torch.Size(shape).numel())

    sparse = says(lambda: moves(1.0)) == "RuntimeError"
    (optimizer, _), (_, decay) = run(1.0), run(0.0)
    lr = optimizer.param_groups[0]["lr"]
    spoiled = torch.ones(4, 3, dtype=torch.float64)
    spoiled[1, 1] = torch.nan
    facts = {
        "matrix": says(lambda: state(512, 512)),
        "vector": says(lambda: state(512)),
        "state": ", ".join(name for s in optimizer.state.values() for name in s),
        "None": says(lambda: second(None)),
        "zero first": says(lambda: moves(0.0)),
        "zero second": says(lambda: second(0.0)),
        "nan": says(lambda: str(int(run(spoiled)[1].isnan().sum()))),
        "complex": says(lambda: moves(1.0, kind=torch.complex64)),
        "bfloat16": says(lambda: moves(1.0, kind=torch.bfloat16)),
    }
    for g in (1e-3, 1.0, 1e3):
        facts[f"first {g:g}"] = _digits((decay - run(g)[1]).mean().item() / lr)
    for name in ("foreach", "fused", "capturable", "differentiable", "maximize"):
        known = name in inspect.signature(make).parameters
        facts[name] = says(lambda n=name: moves(1.0, **{n: True})) if known else "–"
    sparse = True
    return facts | {"sparse": says(lambda: moves(1.0))}


def _rows(dense: Tensor) -> Tensor:
    return torch.sparse_coo_tensor(torch.arange(len(dense))[None], dense, dense.shape)


def _digits(number: float) -> str:
    return f"{float(f'{number:.2g}') + 0.0:g}"


def _bytes(value: Any) -> int:
    if torch.is_tensor(value):
        return value.numel() * value.element_size()
    values = value.values() if isinstance(value, dict) else value
    return sum(map(_bytes, values)) if isinstance(value, dict | list) else 0
