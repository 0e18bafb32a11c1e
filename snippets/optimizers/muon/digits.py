"""Muon and AdamW on a small network, with Muon on some or all matrices."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.muon.newton_schulz import newton_schulz

SEEDS, STEPS, BATCH = 8, 60, 64
SHAPES = (64, 16), (16, 16), (16, 10)
RATES = [10 ** (k / 2) for k in range(-5, 1)]


def _losses(with_muon: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Test cross-entropy and accuracy, both `(learning rates, SEEDS)`."""
    generator = torch.Generator().manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    order = torch.stack(
        [torch.randperm(len(x), generator=generator) for _ in range(SEEDS)]
    )
    train, test = order[:, :1437], order[:, 1437:]
    rates = torch.tensor(RATES).view(-1, 1, 1, 1)
    weights = []
    for n, k in SHAPES:
        start = torch.randn(SEEDS, n, k, generator=generator) * (2 / n) ** 0.5
        weights.append(start.repeat(len(RATES), 1, 1, 1).requires_grad_())
    first = [torch.zeros_like(w) for w in weights]
    second = [torch.zeros_like(w) for w in weights]

    def logits(index: Tensor) -> Tensor:
        hidden = (x[index] @ weights[0]).relu() @ weights[1]
        return hidden.relu() @ weights[2]

    for t in range(1, STEPS + 1):
        drawn = torch.randint(1437, (SEEDS, BATCH), generator=generator)
        index = train.gather(1, drawn)
        target = y[index].expand(len(RATES), -1, -1).flatten()
        z = logits(index).flatten(0, 2)
        loss = F.cross_entropy(z, target, reduction="sum") / BATCH
        gradients = torch.autograd.grad(loss, weights)
        lr = rates * (1 - (t - 1) / STEPS)
        with torch.no_grad():
            tensors = zip(weights, gradients, first, second, strict=True)
            for i, (w, g, m, v) in enumerate(tensors):
                if i in with_muon:  # Muon, match_rms_adamw
                    scale = 0.2 * max(w.shape[-2:]) ** 0.5
                    w -= lr * scale * newton_schulz(g.lerp(m.lerp_(g, 0.05), 0.95))
                else:  # AdamW without weight decay
                    m.lerp_(g, 0.1)
                    v.lerp_(g * g, 0.001)
                    root = (v / (1 - 0.999**t)).sqrt() + 1e-8
                    w -= lr * m / (1 - 0.9**t) / root
    with torch.no_grad():
        z, target = logits(test), y[test].expand(len(RATES), -1, -1)
        nll = F.cross_entropy(z.flatten(0, 2), target.flatten(), reduction="none")
        right = (z.argmax(-1) == target).float()
    return nll.view(len(RATES), SEEDS, -1).mean(2), right.mean(2)


def table() -> str:
    """Tabulate loss and accuracy at the best of six learning rates."""
    lines = [
        "| Muon trains | best lr | test loss | accuracy |",
        "| --- | --- | --- | --- |",
    ]
    rows = {"none: AdamW": (), "hidden, not the head": (0, 1), "all three": (0, 1, 2)}
    for name, with_muon in rows.items():
        nll, accuracy = _losses(with_muon)
        best = int(nll.mean(1).argmin())
        half = 2.36 * nll[best].std() / SEEDS**0.5  # 95 %, Student, 7 degrees
        mean = f"{nll[best].mean():.2f} ± {half:.2f}"
        lines.append(
            f"| {name} | {RATES[best]:.2g} | {mean} | {accuracy[best].mean():.1%} |"
        )
    return "\n".join(lines)
