"""Small networks on digits, one for each trial and seed, trained side by side."""

import math

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

TRIAL = {  # what works; a failure and a remedy each change a part of it
    **{"adam": False, "lr": 0.1, "momentum": 0.9, "clip": math.inf},
    # Weight decay is L2 for SGD, decoupled for Adam. The rate falls linearly to 0.
    **{"weight_decay": 0.0, "dropout": 0.0, "warmup": 0.0, "fall": False},
    **{"steps": 80, "batch": 32, "width": 16, "init": 1.0},  # times Kaiming's
    **{"samples": 600, "shifted": False, "raw": False, "stop": False},  # stop: early
    **{"wrong": 0.0, "team": 1},  # share of random labels; how many seeds share them
}


def train(trials: list[dict], seeds: int = 8) -> list[dict[str, Tensor]]:
    """Train a network of two hidden layers for every trial and seed, paired by seed.

    Args:
        trials: What differs from TRIAL, for each.
        seeds: S, how many networks each trial trains.

    Returns:
        For each trial the losses `train`, `validation`, `loss` and the `accuracy` in
        percent, `(S,)`; `logits` `(S, 797, 10)` and `labels`; from `loss` on, of tests.

    Source: torch.optim.SGD, torch.optim.AdamW, torch.nn.utils.clip_grad_norm_.

    Examples:
        >>> (end,) = train([{"steps": 300}], seeds=4)
        >>> bool(end["train"].max() < 0.3), end["accuracy"].shape
        (True, torch.Size([4]))
    """
    full = [TRIAL | trial for trial in trials]
    shapes = [(t["width"], t["batch"], t["steps"], t["team"]) for t in full]
    ends, data = {}, load_digits(return_X_y=True)
    for shape in dict.fromkeys(shapes):
        here = [i for i, s in enumerate(shapes) if s == shape]
        ends |= zip(here, _stack([full[i] for i in here], seeds, data), strict=True)
    return [ends[i] for i in range(len(full))]


def _stack(trials: list[dict], seeds: int, data: tuple) -> list[dict[str, Tensor]]:
    width, batch, steps = (trials[0][k] for k in ("width", "batch", "steps"))
    o = {k: torch.tensor([[[float(t[k])]] for t in trials]) for k in TRIAL}
    draw = torch.Generator().manual_seed(0)
    images, digits = data
    raw = F.avg_pool2d(torch.tensor(images).float().view(-1, 1, 8, 8), 2).flatten(1)
    order = torch.randperm(len(raw), generator=draw)
    x = torch.stack([(raw - raw.mean(0)) / (raw.std(0) + 1), raw])[:, order]
    y, kind = torch.tensor(digits)[order], o["raw"][..., 0].long()
    labels = y[:600].where(o["shifted"] == 0, y[:600].roll(1))
    first = torch.arange(seeds) // trials[0]["team"] * trials[0]["team"]
    chance, guess = torch.rand(2, seeds, 600, generator=draw)[:, first]
    labels = (10 * guess).long().where(chance < o["wrong"], labels)

    sizes = torch.tensor([16 * width, width, width**2, width, width * 10, 10])
    scale = torch.tensor([16, math.inf, width, math.inf, width, math.inf])
    w = torch.randn(seeds, int(sizes.sum()), generator=draw) * o["init"]
    w = w * (2 / scale).sqrt().repeat_interleave(sizes)  # Kaiming's, and biases of 0

    def each(w: Tensor, x: Tensor, y: Tensor, train: bool = False) -> list[Tensor]:
        """Log-probabilities of all classes, then the loss of every sample."""
        parts = w.split(sizes.tolist(), 2)
        for k in range(0, 6, 2):
            layer = parts[k].unflatten(2, (x.shape[-1], -1))
            x = x @ layer + parts[k + 1].unsqueeze(2)
            x = x.relu() if k < 4 else x.log_softmax(-1)
            if k < 4 and train and drop.any():
                x = x * (torch.rand(x.shape, generator=draw) >= drop) / (1 - drop)
        return [x, -x.gather(3, y.expand(x.shape[:3])[..., None])[..., 0]]

    t = torch.arange(1, steps + 1).view(-1, 1, 1, 1)
    rates = o["lr"] * (1 - o["fall"] * (t - 1) / steps)
    rates = rates * (t / (steps * o["warmup"] + 1e-9)).clamp(max=1)
    adam, drop = o["adam"] > 0, o["dropout"][..., None]
    m = v = torch.zeros_like(w)
    kept, best = w, torch.tensor(math.inf)
    beta, gain = torch.where(adam, 0.9, o["momentum"]), torch.where(adam, 0.1, 1.0)
    for t, lr in enumerate(rates, 1):
        rows = (torch.rand(seeds, batch, generator=draw) * o["samples"]).long()
        w.requires_grad_()
        _, loss = each(w, x[kind[..., None], rows], labels.gather(2, rows), True)
        (g,) = torch.autograd.grad(loss.mean(2).sum(), w)
        w = w.detach()
        if o["clip"].isfinite().any():
            g = g * (o["clip"] / (g.norm(dim=2, keepdim=True) + 1e-6)).clamp(max=1)
        m = beta * m + gain * (g + w * o["weight_decay"] * ~adam)
        step = m
        if adam.any():
            v = 0.999 * v + 0.001 * g * g
            scaled = m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
            step = scaled.where(adam, m)
        w = w * (1 - lr * o["weight_decay"] * adam) - lr * step
        if o["stop"].any() and t % max(1, steps // 10) == 0:
            now = each(w, x[kind, 600:1000], y[600:1000])[1].mean(2, keepdim=True)
            kept, best = w.where(now < best, kept), now.minimum(best)
    w = kept.where(o["stop"] > 0, w).detach()
    own = each(w, x[kind, :600], labels)[1]
    own = own.where(torch.arange(600) < o["samples"], 0).sum(2) / o["samples"][..., 0]
    held = each(w, x[kind, 600:1000], y[600:1000])[1].mean(2)
    logits, loss = each(w, x[kind, 1000:], y[1000:])
    right = 100 * (logits.argmax(3) == y[1000:]).float().mean(2)
    ends = own, held, loss.mean(2), right, logits, [y[1000:]] * len(trials)
    names = "train", "validation", "loss", "accuracy", "logits", "labels"
    return [dict(zip(names, end, strict=True)) for end in zip(*ends, strict=True)]
