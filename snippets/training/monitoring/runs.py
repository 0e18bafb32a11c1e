"""Small networks on digits, many at once, with the signals of every step."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F


def runs(
    rates: list[float],
    optimizer: type[torch.optim.Optimizer],
    fault: str = "",
    seeds: int = 8,
    steps: int = 100,
    every: int = 1,
) -> dict[str, Tensor]:
    """Train 16-16-16-10 networks on digits of 4 x 4 pixels and record signals.

    Args:
        rates: Learning rates; each trains `seeds` networks of its own.
        optimizer: A class of torch that works elementwise, called with rates only.
        fault: `"no zero_grad"`, `"dead"` (biases of the first layer start at -10),
            `"large init"` (weights times 10), or none.
        seeds: Networks, S, which differ in initial values and batches.
        steps: Steps on batches of 32, at a constant rate.
        every: Signals are recorded at every so many steps, T times.

    Returns:
        Tensors `(T, R, S)`: `"loss"` of the batch, `"grad_norm"`, `"weight_norm"`,
        `"update_ratio"` and `"zero_grads"`; and `"validation"`, the loss `(R, S)`.

    Raises:
        ValueError: If `fault` is unknown.

    Source: `training_signals`, batched over networks.

    Examples:
        >>> out = runs([0.0, 0.01], torch.optim.Adam, seeds=2, steps=20)
        >>> out["update_ratio"].shape
        torch.Size([20, 2, 2])
        >>> out["update_ratio"][:, 0].max().item()
        0.0
        >>> bool((out["validation"][1] < out["validation"][0]).all())
        True
    """
    if fault not in ("", "no zero_grad", "dead", "large init"):
        raise ValueError(f"fault must be one of the three or empty, got {fault!r}")
    images, labels = load_digits(return_X_y=True)
    pixels = F.avg_pool2d(torch.tensor(images).float().view(-1, 1, 8, 8), 2) / 16
    x, y = pixels.flatten(1), torch.tensor(labels)
    train, held = slice(0, 1200), slice(1200, None)
    x = (x - x[train].mean(0)) / x[train].std(0).clamp(min=0.1)
    draw = torch.Generator().manual_seed(0)
    scale = 10 if fault == "large init" else 1
    start = []
    for n, m in ((16, 16), (16, 16), (16, 10)):
        start.append(torch.randn(seeds, n, m, generator=draw) * scale * (2 / n) ** 0.5)
        start.append(torch.zeros(seeds, 1, m))
    if fault == "dead":
        start[1] -= 10
    groups = [[w.clone().requires_grad_() for w in start] for _ in rates]
    opt = optimizer(
        [{"params": g, "lr": r} for g, r in zip(groups, rates, strict=True)]
    )

    def loss_of(inputs: Tensor, target: Tensor) -> Tensor:
        a, p, b, q, c, r = (torch.cat(w) for w in zip(*groups, strict=True))
        inputs = inputs.repeat(len(rates), 1, 1)
        hidden = torch.baddbmm(p, inputs, a).relu()
        hidden = torch.baddbmm(q, hidden, b).relu()
        out = torch.baddbmm(r, hidden, c)
        target = target.repeat(len(rates), 1)
        loss = F.cross_entropy(out.mT, target, reduction="none")
        return loss.mean(1)

    def flat(read) -> Tensor:
        return torch.cat(
            [torch.cat([read(w).flatten(1) for w in g], 1) for g in groups]
        )

    record: dict[str, list[Tensor]] = {}
    for step in range(steps):
        index = torch.randint(1200, (seeds, 32), generator=draw)
        if fault != "no zero_grad":
            opt.zero_grad()
        loss = loss_of(x[index], y[index])
        loss.sum().backward()
        if step % every:
            opt.step()
            continue
        with torch.no_grad():
            grad, before = flat(lambda w: w.grad), flat(lambda w: w)
            opt.step()
            update = flat(lambda w: w) - before
            values = {
                "loss": loss.detach(),
                "grad_norm": grad.norm(dim=1),
                "weight_norm": before.norm(dim=1),
                "update_ratio": update.norm(dim=1) / before.norm(dim=1),
                "zero_grads": (grad == 0).float().mean(1),
            }
        for name, value in values.items():
            record.setdefault(name, []).append(value.view(len(rates), seeds))
    with torch.no_grad():
        held_out = x[held].expand(seeds, -1, -1), y[held].expand(seeds, -1)
        validation = loss_of(*held_out).view(len(rates), seeds)
    stacked = {name: torch.stack(value) for name, value in record.items()}
    return {**stacked, "validation": validation}
