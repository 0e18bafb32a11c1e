"""Four ways to give an averaged network its batch statistics."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

SEEDS, HIDDEN, BATCH, STEPS, TRAIN = 8, 32, 32, 300, 1000


class _Networks(nn.Module):
    """64-32-10 with batch normalisation, SEEDS of them side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(SEEDS, 64, HIDDEN) / 8)
        self.norm = nn.BatchNorm1d(SEEDS * HIDDEN)
        self.last = nn.Parameter(torch.randn(SEEDS, HIDDEN, 10) / HIDDEN**0.5)

    def forward(self, x: Tensor) -> Tensor:
        hidden = (x @ self.first).movedim(0, 1)  # (N, SEEDS, HIDDEN)
        hidden = self.norm(hidden.flatten(1)).view_as(hidden).relu()
        return hidden.movedim(0, 1) @ self.last


def _measure() -> dict[str, Tensor]:
    """Accuracy and NLL on held-out digits, by network: (2, SEEDS) for each way."""
    images, labels = load_digits(return_X_y=True)
    chance = torch.Generator().manual_seed(0)
    order = torch.randperm(len(images), generator=chance)
    x, y = torch.tensor(images / 16).float()[order], torch.tensor(labels)[order]
    torch.manual_seed(0)
    model = _Networks()
    by_hand = copy.deepcopy(model)
    average = {"multi_avg_fn": get_ema_multi_avg_fn(0.98)}
    last = AveragedModel(model, **average)
    averaged = AveragedModel(model, **average, use_buffers=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(STEPS):
        index = torch.randint(TRAIN, (SEEDS, BATCH), generator=chance)
        loss = SEEDS * F.cross_entropy(model(x[index]).mT, y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for p, q in zip(by_hand.parameters(), model.parameters(), strict=True):
                p.lerp_(q, 1 - 0.98)
        last.update_parameters(model)
        averaged.update_parameters(model)
    recomputed = copy.deepcopy(last)
    update_bn(x[:TRAIN].split(200), recomputed)
    found = {}
    for name, net in (
        ("the last weights, no average", model),
        ("EMA by hand over `parameters()`", by_hand),
        ("`AveragedModel`, as it is", last),
        ("`use_buffers=True`", averaged),
        ("`update_bn` at the end", recomputed),
    ):
        with torch.no_grad():
            logits = net.eval()(x[TRAIN:])
        target = y[TRAIN:].expand(SEEDS, -1)
        right = (logits.argmax(2) == target).float().mean(1)
        nll = F.cross_entropy(logits.mT, target, reduction="none").mean(1)
        found[name] = torch.stack([100 * right, nll])
    return found


def table() -> str:
    """Compare them: held-out accuracy and NLL with 95 % intervals over 8 seeds.

    Examples:
        >>> rows = table().splitlines()
        >>> len(rows), rows[0]
        (7, '| statistics | accuracy, % | NLL |')
    """
    lines = ["| statistics | accuracy, % | NLL |", "| --- | --- | --- |"]
    for name, values in _measure().items():
        mean, half = values.mean(1), 2.36 * values.std(1) / SEEDS**0.5
        accuracy, nll = (
            f"{m:.{d}f} ± {h:.{d}f}" for m, h, d in zip(mean, half, (1, 3), strict=True)
        )
        lines.append(f"| {name} | {accuracy} | {nll} |")
    return "\n".join(lines)
