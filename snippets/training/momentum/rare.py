"""Rare gradients: how far each moves a weight, and what a model gains."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BETAS = (0.9, 0.99, 0.999, 0.9999)
RATES = (0.03, 0.1, 0.3)
FEATURES, RATE, RUNS, STEPS, BATCH = 200, 0.005, 8, 200, 8


def _travel(beta2: float, every: int = 100) -> float:
    """Distance / lr that one gradient in `every` steps moves a weight, in the end."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([weight], lr=1.0, betas=(0.9, beta2))
    for step in range(5 * every):
        if step == 4 * every:
            before = weight.item()
        weight.grad = torch.full((1,), float(step % every == 0))
        optimizer.step()
    return before - weight.item()


def _losses() -> Tensor:
    """Excess loss of a logistic regression, by beta2, learning rate and run.

    A feature is present in 1 of 200 samples, so in 4 % of the batches.
    """
    generator = torch.Generator().manual_seed(0)
    truth = 2 * torch.randn(RUNS, FEATURES, generator=generator)
    settings = [(b, lr) for b in BETAS for lr in RATES]
    weights = [nn.Parameter(torch.zeros(RUNS, FEATURES)) for _ in settings]
    optimizer = torch.optim.Adam(
        {"params": [w], "betas": (0.9, b), "lr": lr}
        for w, (b, lr) in zip(weights, settings, strict=True)
    )

    def draw(n: int) -> tuple[Tensor, Tensor]:
        x = (torch.rand(RUNS, n, FEATURES, generator=generator) < RATE).float()
        return x, torch.einsum("rnf,rf->rn", x, truth).sigmoid()

    def predict(x: Tensor) -> Tensor:
        return torch.einsum("rnf,crf->crn", x, torch.stack(weights))

    def loss(z: Tensor, p: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(z, p.expand_as(z), reduction="none")

    for step in range(STEPS):
        x, p = draw(BATCH)
        y = torch.bernoulli(p, generator=generator)
        optimizer.zero_grad()
        loss(predict(x), y).mean(2).sum().backward()
        for group, (_, lr) in zip(optimizer.param_groups, settings, strict=True):
            group["lr"] = lr * (1 - step / STEPS)
        optimizer.step()
    x, p = draw(1000)
    with torch.no_grad():
        excess = (loss(predict(x), p) - loss(p.logit(), p)).mean(2)
    return excess.view(len(BETAS), len(RATES), RUNS)


def table() -> str:
    """Tabulate both by beta2."""
    losses = _losses()
    best = losses.mean(2).argmin(1)
    rows = [
        "| beta2 | moved per gradient | excess loss, best lr |",
        "| --- | --- | --- |",
    ]
    for i, b in enumerate(BETAS):
        run = losses[i, best[i]]
        half = 2.36 * run.std() / RUNS**0.5
        loss = f"{1000 * run.mean():.0f} ± {1000 * half:.0f} (lr {RATES[best[i]]:g})"
        rows.append(f"| {b:g} | {_travel(b):.1f} lr | {loss} |")
    return "\n".join(rows)
