"""What each mistake with an optimizer raises, by making it."""

import inspect
import re
import warnings
from collections.abc import Callable

import torch
from torch import nn

from snippets.optimizers.reference.overview import CHAPTERS

_ONES = torch.ones(4, 3)
_RANGES = {
    "betas": (0.9, 1.0),
    "momentum": -0.9,
    "alpha": -1.0,
    "rho": 2.0,
    "etas": (1.5, 1.2),
    "eps": -1e-8,
    "weight_decay": -0.1,
}


def _one(kind: type = torch.float32, **options) -> Callable:
    return lambda make: make([_ONES.to(kind)], **options)


def _step(p: torch.Tensor, gradient: torch.Tensor, **options) -> Callable:
    def call(make):
        p.grad = gradient
        closure = [lambda: torch.ones(())] if make is torch.optim.LBFGS else []
        make([p], **options).step(*closure)

    return call


_GROUPS = {"lr": -1.0, "params": [_ONES]}
_SPARSE = torch.ones(4, 3).to_sparse(1)
MISTAKES = {
    "`lr=-1`": _one(lr=-1.0),
    '`lr="1e-3"`': _one(lr="1e-3"),
    **{f"`{name}={value}`": _one(**{name: value}) for name, value in _RANGES.items()},
    "a group with `lr=-1`": lambda make: make([dict(_GROUPS)]),
    "no parameters": lambda make: make([]),
    "`model.parameters`": lambda make: make(nn.Linear(2, 1).parameters),
    "the model": lambda make: make(nn.Sequential(nn.Linear(2, 1))),
    "one tensor": lambda make: make(_ONES),
    "a set": lambda make: make([{"params": {_ONES}}]),
    "not a leaf": lambda make: make([_ONES.clone().requires_grad_() * 2]),
    "a parameter twice": lambda make: make([_ONES, _ONES]),
    "`foreach` and `fused`": _one(foreach=True, fused=True),
    "`capturable=True`, CPU": _step(_ONES.clone(), _ONES, capturable=True),
}
# Mistakes only for those that raise; the others do what is asked.
UNSUPPORTED = {
    "two groups": lambda make: make([{"params": [torch.ones(2, 2)]} for _ in "12"]),
    "a vector": lambda make: make([torch.ones(4)]),
    "`step()` without closure": lambda make: make([_ONES]).step(),
    "a dense gradient": _step(_ONES.clone(), _ONES),
    "a sparse gradient": _step(_ONES.clone(), _SPARSE),
    "complex parameters": _step(_ONES.cfloat(), _ONES.cfloat()),
    "`fused=True`, complex": _step(_ONES.cfloat(), _ONES.cfloat(), fused=True),
    "`nesterov=True` alone": _one(nesterov=True),
}


def _happens(call: Callable, make: type) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with torch.sparse.check_sparse_tensor_invariants():
                call(make)
        except Exception as error:
            return _code(error)
    return _code(caught[0].message) if caught else "**silent**"


def _code(error: Exception | Warning) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"``{text}``" if "`" in text else f"`{text}`"


def table() -> str:
    """A section for each mistake, with the message and who raises it.

    Examples:
        >>> "Invalid learning rate: -1.0" in table()
        True
    """
    parts = []
    for mistake, call in (MISTAKES | UNSUPPORTED).items():
        found: dict[str, list[str]] = {}
        option = mistake.strip("`").partition("=")[0]
        for name in CHAPTERS:
            make = getattr(torch.optim, name)
            if option in _RANGES and option not in inspect.signature(make).parameters:
                continue
            found.setdefault(_happens(call, make), []).append(name)
        if mistake in UNSUPPORTED:
            found.pop("**silent**", None)
        slug = "-".join(re.findall(r"\w+", mistake.lower()))
        parts += [f"### {mistake} {{ #raises-{slug} }}", ""]
        parts += ["| who | what |", "| --- | --- |"]
        for text, names in found.items():
            who = "all" if len(names) == len(CHAPTERS) else ", ".join(names)
            if "unexpected keyword" not in text:
                parts.append(f"| {who} | {text} |")
        parts.append("")
    return "\n".join(parts)
