"""Held-out training set-ups, some broken in the optimizer, schedule or precision."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim import LBFGS, SGD, Adam, AdamW, RMSprop
from torch.optim import lr_scheduler as schedules

_load = cache(lambda: tuple(map(torch.tensor, load_digits(return_X_y=True))))


class _Half(nn.Sequential):
    def forward(self, x):
        with torch.autocast("cpu", torch.float16):
            return super().forward(x).float()


def _mlp(wide, out, *last):
    return nn.Sequential(nn.Linear(wide, 32), nn.ReLU(), nn.Linear(32, out), *last)


def _fit(model, kind, lr=0.01, schedule=None, **options):
    optimizer = kind(model.parameters(), lr, **options)
    more = {"scheduler": schedule(optimizer)} if schedule else {}
    return {"model": model, "optimizer": optimizer} | more


def _all(bad):
    torch.manual_seed(0)
    x, y = (tensor[:64] for tensor in _load())
    x, loss = x.float() / 16, nn.CrossEntropyLoss()
    data = {"criterion": loss, "inputs": x, "target": y}
    body, head = _mlp(64, 32).append(nn.LayerNorm(32)), nn.Linear(32, 10)
    first = (head, nn.Linear(32, 5))[bad]
    case = _fit(nn.Sequential(body.requires_grad_(False), first), Adam)
    case["model"][1] = head
    yield "the head is replaced after the optimizer is built", data | case
    case = _fit(_mlp(64, 10), SGD, 0.05, lambda o: schedules.CosineAnnealingLR(o, 500))
    case["model"] = deepcopy(case["model"]) if bad else case["model"]
    yield "the optimizer holds the weights of a copy", data | case
    model = nn.Sequential(
        _mlp(64, 32, nn.BatchNorm1d(32)), nn.ReLU(), nn.Linear(32, 10)
    )
    groups = [{"params": model[0].parameters()}]
    groups += [{"params": model[2].parameters(), "lr": 0.02}] * (not bad)
    case = {"model": model, "optimizer": AdamW(groups, lr=3e-4)}
    yield "the head is left out of the groups", data | case
    case = _fit(_mlp(64, 10), SGD, 20.0 if bad else 0.2)
    yield "the rate is a hundred times too large", data | case
    layers = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    case = _fit(nn.Sequential(*layers, nn.Linear(72, 10)), Adam, 0.5 if bad else 5e-3)
    case["inputs"] = x.view(-1, 1, 8, 8)
    yield "Adam gets a rate fit for SGD", data | case
    model = _mlp(64, 10, nn.Dropout(0.1))
    weights, biases = ([p for p in model.parameters() if p.ndim == n] for n in (2, 1))
    groups = {"params": weights}, {"params": biases, "weight_decay": 0.0}
    optimizer = AdamW(groups, lr=1e-7 if bad else 1e-3, weight_decay=0.1)
    yield "the rate is too small", data | {"model": model, "optimizer": optimizer}
    case = _fit(_mlp(64, 10), Adam, 3e-3, weight_decay=1.0 if bad else 1e-4)
    yield "weight decay swamps the loss", data | case
    rule = (lambda t: 3e-3 * 0.99**t) if bad else lambda t: 0.99**t
    case = _fit(_mlp(64, 10), Adam, 3e-3, lambda o: schedules.LambdaLR(o, rule))
    yield "the lambda returns the rate, not a factor", data | case
    rise = (lambda t: t // 200) if bad else lambda t: min(1, (t + 1) / 200)
    case = _fit(_mlp(64, 10), AdamW, 1e-3, lambda o: schedules.LambdaLR(o, rise))
    yield "the warm-up is rounded down to 0", data | case
    case = _fit(_mlp(64, 10), SGD, 0.1, momentum=0.9, nesterov=True)
    case["criterion"] = nn.CrossEntropyLoss(reduction="sum" if bad else "mean")
    yield "a summed loss keeps the rate of a mean", data | case
    half = torch.float16 if bad else torch.float32
    case = {"inputs": x.to(half)} | _fit(_mlp(64, 10).to(half), Adam, 1e-3)
    yield "Adam's epsilon is 0 in half precision", data | case
    x = torch.randn(64, 6)
    y = x[:, :1] * x[:, 1:2] + x[:, 2:3]
    data = {"criterion": nn.MSELoss(), "inputs": x, "target": y}
    case = _fit(_mlp(6, 1), SGD, 4e-3, lambda o: schedules.OneCycleLR(o, 0.1, 300))
    other = SGD(case["model"].parameters(), 4e-3, 0.9)
    case["optimizer"] = other if bad else case["optimizer"]
    yield "the scheduler drives another optimizer", data | case
    gamma = 0.1 if bad else 0.995
    case = _fit(_mlp(6, 1), RMSprop, 5e-3, lambda o: schedules.ExponentialLR(o, gamma))
    yield "every step divides the rate by ten", data | case
    case = _fit(_mlp(6, 1), AdamW, 5e-3, lambda o: schedules.LinearLR(o, 1.0, 0.0, 200))
    for _ in range(200 * bad):
        case["optimizer"].step()
        case["scheduler"].step()
    yield "the schedule is already used up", data | case
    case = _fit(_mlp(6, 1), LBFGS, 1e-5 if bad else 1.0)
    yield "L-BFGS gets the rate of Adam", data | case
    case = {"inputs": x * 1e5**bad, "scaler": torch.amp.GradScaler("cpu")}
    words = "half precision overflows and the scaler skips every step"
    yield words, data | case | _fit(_Half(*_mlp(6, 1)), Adam)


def held_out_training() -> dict[str, Callable[[bool], dict]]:
    """The cases by what is wrong: `case(broken)` gives the arguments of `doctor`.

    Source: mistakes posted in forums and issues, planted by hand.

    Examples:
        >>> bad = held_out_training()["the scheduler drives another optimizer"](True)
        >>> bad["scheduler"].optimizer is bad["optimizer"]
        False
    """
    return {words: lambda bad, w=words: dict(_all(bad))[w] for words, _ in _all(False)}
