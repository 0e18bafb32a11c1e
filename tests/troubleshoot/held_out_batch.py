"""Held-out training set-ups, some broken in the batch, the target or the loss."""

from collections.abc import Callable
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

CE, BCE = nn.CrossEntropyLoss, nn.BCEWithLogitsLoss
_load = cache(lambda: tuple(map(torch.tensor, load_digits(return_X_y=True))))


def _mlp(wide, out, *last):
    return nn.Sequential(nn.Linear(wide, 32), nn.ReLU(), nn.Linear(32, out), *last)


def _case(words, model, criterion, inputs, target, kind="Adam", **options):
    optimizer = getattr(torch.optim, kind)(model.parameters(), **options)
    case = {"model": model, "criterion": criterion, "optimizer": optimizer}
    return words, case | {"inputs": inputs, "target": target}


def _all(bad):
    torch.manual_seed(0)
    digits, labels = _load()
    digits, sgd = digits.float() / 16, {"kind": "SGD", "lr": 0.05, "momentum": 0.9}
    x, y = digits[:64], labels[:64]
    model = _mlp(64, 10, *[nn.Softmax(1)] * bad)
    yield _case("the softmax is applied twice", model, CE(), x, y, **sgd)
    nll = nn.NLLLoss() if bad else lambda out, y: F.nll_loss(out.log_softmax(1), y)
    model = _mlp(64, 10, nn.Dropout(0.1))
    yield _case("NLLLoss gets raw logits", model, nll, x, y, "AdamW")

    def detached(out, y):
        loss = F.cross_entropy(out, y, label_smoothing=0.1)
        return torch.tensor(loss.item(), requires_grad=True) if bad else loss

    yield _case("the loss is put in a new tensor", _mlp(64, 10), detached, x, y, **sgd)
    layers = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()
    model = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *layers, nn.Linear(512, 10))
    order = (torch.randperm(len(labels)), labels.argsort(stable=True))[bad]
    x, y = digits[order[:64]], labels[order[:64]]
    yield _case("the data are sorted by class", model, CE(), x, y, "NAdam", lr=2e-3)

    x = torch.randn(96, 8)
    y = (x[:, :1] * x[:, 1:2] > 0.6).float()
    model = nn.Sequential(nn.BatchNorm1d(8), _mlp(8, 1, *[nn.Sigmoid()] * bad))
    yield _case("the sigmoid is applied twice", model, BCE(), x, y, "AdamW", lr=5e-3)
    model, y = _mlp(8, 1, *[nn.Flatten(0)] * (not bad)), x[:, 0] - x[:, 1] * x[:, 2]
    words = "a column of predictions meets a row of targets"
    yield _case(words, model, nn.MSELoss(), x, y, lr=3e-3)
    y, loss = (x[:, 0] > x[:, 1]).long(), CE(weight=torch.tensor([1, 1.2]))
    wild = x * torch.tensor([25e3, 12, 300, 1, 1, 1, 1, 1]) if bad else x
    yield _case("the features keep raw units", _mlp(8, 2), loss, wild, y, **sgd)
    gaps = x.masked_fill(torch.rand(96, 8) < 0.03, torch.nan if bad else 0.0)
    yield _case(
        "missing features are NaN", _mlp(8, 2), CE(), gaps, y, "RMSprop", lr=2e-3
    )
    tags = (x[:, :6] > 0.5).float()
    words = "several labels per sample meet cross-entropy"
    yield _case(words, _mlp(8, 6), CE() if bad else BCE(), x, tags, lr=3e-3)
    x = x.double()
    y = x[:, :1] + x[:, 1:2].exp()
    y = 3e5 + 8e4 * y if bad else (y - y.mean()) / y.std()
    model, words = _mlp(8, 1).double(), "prices are regressed in dollars"
    yield _case(words, model, nn.SmoothL1Loss(), x, y, lr=3e-3)

    x = F.avg_pool2d(torch.randn(4, 1, 14, 14), 3, 1)
    y, model = (x > 0.1).float(), nn.Sequential(*layers[:3], nn.Conv2d(8, 1, 1))
    yield _case("the mask runs from 0 to 255", model, BCE(), x, y * 255**bad, lr=3e-3)

    def dice(out, y):
        p = out if bad else out.sigmoid()
        return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)

    yield _case("the Dice loss gets raw logits", model, dice, x, y, lr=0.01)

    x = torch.randint(1, 20, (24, 16))
    x[torch.arange(16) >= torch.randint(1, 7, (24, 1))] = 0
    y = torch.where(x > 0, x % 5 + 1, 0)
    model = nn.Sequential(nn.Embedding(20, 16, padding_idx=0), nn.Linear(16, 6))

    def tagging(out, y):
        out = out.reshape(24, 6, 16) if bad else out.mT
        return F.cross_entropy(out, y, ignore_index=0)

    words = "logits are reshaped where they should be transposed"
    yield _case(words, model, tagging, x, y, lr=0.02)


def held_out_batch() -> dict[str, Callable[[bool], dict]]:
    """The cases by what is wrong: `case(broken)` gives the arguments of `doctor`.

    Source: mistakes posted in forums and issues, planted by hand.

    Examples:
        >>> bad = held_out_batch()["the softmax is applied twice"](True)
        >>> bad["model"](bad["inputs"]).sum(1).allclose(torch.ones(64))
        True
    """
    return {words: lambda bad, w=words: dict(_all(bad))[w] for words, _ in _all(False)}
