"""Cross-entropy, squared error, CORAL and CORN on generated ratings."""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.ordinal.coral_loss import coral_loss
from snippets.losses.ordinal.corn_loss import corn_loss
from snippets.losses.ordinal.ordinal_label import ordinal_label

SEEDS, K = 8, 5
CUTS = {"even": [-1.5, -0.5, 0.5, 1.5], "uneven": [-3.0, -2.0, -1.0, 0.5]}
OUTPUTS = {
    "cross-entropy": K,
    "MSE": 1,
    "binary": K - 1,
    "CORAL": 1,
    "CORAL, biases in steps": 1,
    "CORN": K - 1,
}


def _data(kind: str, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A proportional odds model: one score, logistic noise, four cuts."""
    x = torch.randn(SEEDS, n, 8, generator=generator)
    score = x[..., 0] + 0.7 * (2 * x[..., 1]).tanh() * x[..., 2]
    noise = torch.rand(SEEDS, n, generator=generator).logit(eps=1e-6)
    cuts = torch.tensor(CUTS[kind])
    return x, ((score + 0.5 * noise)[..., None] > cuts).sum(dim=-1)


def _fit(name: str, x: Tensor, y: Tensor, steps: int = 60):
    generator = torch.Generator().manual_seed(1)
    share = (y[..., None] > torch.arange(K - 1)).float().mean(dim=1, keepdim=True)
    parameters = [share.logit(eps=1e-3)]
    if name.endswith("steps"):
        parameters = [torch.linspace(1.5, -1.5, K - 1).repeat(SEEDS, 1, 1)]
    for a, b in (8, 32), (32, 32), (32, OUTPUTS[name]):
        parameters.append(torch.randn(SEEDS, a, b, generator=generator) / a**0.5)
        parameters.append(torch.zeros(SEEDS, 1, b))
    for parameter in parameters:
        parameter.requires_grad_()

    def model(x: Tensor) -> Tensor:
        bias, w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.baddbmm(b2, torch.baddbmm(b1, x, w1).tanh(), w2).tanh()
        z = torch.baddbmm(b3, hidden, w3)
        return z + bias if "CORAL" in name else z

    def loss(z: Tensor) -> Tensor:
        if name == "cross-entropy":
            return F.cross_entropy(z, y.flatten(), reduction="sum")
        if name == "MSE":
            return F.mse_loss(z[:, 0], y.flatten() - 2.0, reduction="sum")
        return (corn_loss if name == "CORN" else coral_loss)(z, y.flatten(), "sum")

    optimizer = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        (loss(model(x).flatten(0, 1)) / y.shape[1]).backward()
        optimizer.step()
        schedule.step()
    return model


@cache
def _measure(kind: str) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Absolute error, accuracy and share out of order on fresh data, by method."""
    generator = torch.Generator().manual_seed(0)
    x, y = _data(kind, 500, generator)
    fresh_x, fresh_y = _data(kind, 2000, generator)
    found = {}
    for name in OUTPUTS:
        z = _fit(name, x, y)(fresh_x).detach()
        order = -torch.ones(SEEDS, 2000, 1)  # never out of order
        if name == "cross-entropy":
            at_most = z.softmax(dim=2).cumsum(dim=2)[..., :-1]
            labels = {"cross-entropy, argmax": z.argmax(dim=2)}
            labels["cross-entropy, median"] = (at_most < 0.5).sum(dim=2)
        elif name == "MSE":
            labels = {"MSE, rounded": (z[..., 0] + 2).round().clamp(0, 4).long()}
        else:
            label, above = ordinal_label(z, conditional=name == "CORN")
            order = above.diff(dim=2)
            labels = {"binary, own weights" if name == "binary" else name: label}
        crossed = (order > 0).any(dim=2).float().mean(dim=1)
        for key, label in labels.items():
            error = (label - fresh_y).abs().float()
            found[key] = error.mean(1), (error == 0).float().mean(1), crossed
    return found


def table() -> str:
    """Tabulate the mean absolute error and the accuracy, with 95 % intervals."""
    rows = ["| loss, label | even: error | accuracy % | uneven: error | accuracy % |"]
    rows.append("| --- | ---: | ---: | ---: | ---: |")
    even, uneven = _measure("even"), _measure("uneven")
    for name in even:
        cells = []
        for error, right, _ in even[name], uneven[name]:
            for values, digits in (error, 3), (100 * right, 1):
                half = 2.36 * values.std() / SEEDS**0.5  # Student's t, 7 degrees
                cells.append(f"{values.mean():.{digits}f} ± {half:.{digits}f}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)
