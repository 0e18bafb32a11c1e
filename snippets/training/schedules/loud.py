"""The errors that schedulers raise, each raised here."""

import re
import types
import warnings

import torch
from torch.optim import SGD, Adagrad, Optimizer
from torch.optim import lr_scheduler as ls


def _sgd(groups: int = 1, kind: type = SGD) -> Optimizer:
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(groups)]
    return kind([{"params": [w]} for w in weights], lr=0.1)


def _then(scheduler: ls.LRScheduler, do) -> None:
    do(scheduler.optimizer)
    scheduler.optimizer.step()
    scheduler.step()


def _group(optimizer: Optimizer) -> None:
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})


def _overridden(optimizer: Optimizer) -> None:
    optimizer.step = types.MethodType(SGD.step, optimizer)


def _plain_function() -> None:
    optimizer = _sgd()
    optimizer.step = lambda: None
    ls.StepLR(optimizer, 30)


def _epoch() -> None:
    scheduler = ls.StepLR(_sgd(), 30)
    scheduler.optimizer.step()
    scheduler.step(1)


def _one(**options) -> ls.OneCycleLR:
    return ls.OneCycleLR(_sgd(), 0.1, **options)


_LAMBDA = [lambda k: 1.0]
CASES = [
    ("`scheduler.step()` of `ReduceLROnPlateau`", "`step(loss)`",
     lambda: ls.ReduceLROnPlateau(_sgd()).step()),
    ("`verbose=True`", "removed; print `get_last_lr()`",
     lambda: ls.ReduceLROnPlateau(_sgd(), verbose=True)),
    ("`mode=\"minimum\"`", "`min` or `max`",
     lambda: ls.ReduceLROnPlateau(_sgd(), mode="minimum")),
    ("the model, or a list of optimizers", "give the optimizer; one scheduler each",
     lambda: ls.StepLR(torch.nn.Sequential(), 30)),
    ("`OneCycleLR` without a length", "give `total_steps`",
     lambda: _one()),
    ("`epochs=0`, `total_steps=0`", "look for the empty data set",
     lambda: _one(epochs=0, steps_per_epoch=5)),
    ("`OneCycleLR`, `CyclicLR` on Adagrad and others", "`cycle_momentum=False`",
     lambda: ls.OneCycleLR(_sgd(kind=Adagrad), 0.1, total_steps=10)),
    ("`LinearLR(start_factor=0)`", "`1e-3`, or [a warm-up](warmup.md#warm-up)",
     lambda: ls.LinearLR(_sgd(), 0.0)),
    ("`ConstantLR(factor=0)`, at its end", "a small factor",
     lambda: _then(ls.ConstantLR(_sgd(), 0.0, 1), lambda o: None)),
    ("`CosineAnnealingLR(T_max=0)`", "the number of calls",
     lambda: _then(ls.CosineAnnealingLR(_sgd(), 0), lambda o: None)),
    ("`T_0=0` or `10.0`", "a positive integer",
     lambda: ls.CosineAnnealingWarmRestarts(_sgd(), 0)),
    ("as many milestones as schedulers", "one less",
     lambda: ls.SequentialLR(o := _sgd(), [ls.StepLR(o, 2), ls.StepLR(o, 2)], [2, 4])),
    ("`ReduceLROnPlateau` in a sequence", "step it by itself",
     lambda: ls.SequentialLR(o := _sgd(), [ls.ReduceLROnPlateau(o)], [])),
    ("fewer lambdas than groups", "one, or one a group",
     lambda: ls.LambdaLR(_sgd(2), _LAMBDA)),
    ("a group added under `LambdaLR`, `CyclicLR`", "build the scheduler again",
     lambda: _then(ls.LambdaLR(_sgd(), _LAMBDA), _group)),
    ("a group added under `OneCycleLR`", "build the scheduler again",
     lambda: _then(_one(total_steps=9), _group)),
    ("`optimizer.step` replaced by a function", "`types.MethodType`, or a step hook",
     _plain_function),
    ("`optimizer.step` replaced afterwards", "replace it before",
     lambda: _then(ls.StepLR(_sgd(), 30), _overridden)),
    ("`get_lr()`", "it is the next rate; `get_last_lr()`",
     lambda: ls.StepLR(_sgd(), 30).get_lr()),
    ("`scheduler.step(epoch)`", "`step()`",
     _epoch),
    ("`last_epoch=5` on a new optimizer", "[load both states](#resume)",
     lambda: ls.StepLR(_sgd(), 30, last_epoch=5)),
]  # fmt: skip


def table() -> str:
    """Cause, the first sentence of the message, and the repair."""
    lines = ["| torch says | you wrote → write |", "| --- | --- |"]
    for cause, fix, case in CASES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                case()
        except (ArithmeticError, LookupError, Warning, TypeError, ValueError,
                AttributeError) as error:  # fmt: skip
            text = re.split(r"(?<=\.) (?=[A-Z])|\\n", str(error))[0].lstrip('"')
            text = f"{type(error).__name__}: {text}".replace("__", r"\_\_")
            lines.append(f"| {text} | {cause} → {fix} |")
        else:
            raise RuntimeError(f"nothing was raised by {cause}")
    return "\n".join(lines)
