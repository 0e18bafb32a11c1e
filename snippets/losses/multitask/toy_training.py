"""Two toy tasks on one small trunk, trained in each way to combine their losses."""

import torch
from torch import Tensor

SEEDS, STEPS, HIDDEN = 16, 300, 6
UNIT = torch.tensor([1.0, 900.0])  # B is measured in a unit 30 times smaller
FIXED = {"sum": 1.0, "equal units": 1 / 900}
FIXED |= {f"B times {10.0**-k:g}": 10.0**-k for k in (1, 2, 4, 5)}
SHAPES = (4, HIDDEN), (1, HIDDEN), (HIDDEN, 2)  # the last one holds both heads
SPLIT = [rows * columns for rows, columns in SHAPES]


def _data() -> tuple[Tensor, Tensor, Tensor]:
    # for each seed 64 points to train on, 64 to choose weights by, 256 to report
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(SEEDS, 384, 4, generator=generator)
    direction = torch.randn(SEEDS, 4, 2, generator=generator)
    clean = (1.5 * x @ direction / direction.norm(dim=1, keepdim=True)).sin()
    clean = (clean - clean.mean(1, keepdim=True)) / clean.std(1, keepdim=True)
    noise = torch.randn(SEEDS, 384, 2, generator=generator)
    return x, clean + torch.tensor([0.1, 0.5]) * noise, clean


def _start() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    parts = [torch.randn(SEEDS, *shape, generator=generator) for shape in SHAPES]
    return torch.cat([part.flatten(1) / 2 for part in parts], dim=1)


def _forward(theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    parts = zip(theta.split(SPLIT, 1), SHAPES, strict=True)
    weight, bias, heads = (part.view(-1, *shape) for part, shape in parts)
    return (hidden := torch.baddbmm(bias, x, weight).tanh()) @ heads, hidden, heads


def _project(a: Tensor, b: Tensor) -> Tensor:
    dot = (a * b).sum(1, keepdim=True).clamp(max=0)
    return a + b - dot * (a / a.square().sum(1, True) + b / b.square().sum(1, True))


def _adam(value: Tensor, grad: Tensor, state: Tensor, step: int) -> Tensor:
    # learning rate 0.05, falling linearly to 0; betas 0.9 and 0.99
    rate = 0.05 * (1 - (step - 1) / STEPS) / (1 - 0.9**step)
    state[0].lerp_(grad, 0.1)
    state[1].lerp_(grad.square(), 0.01)
    return value - rate * state[0] / ((state[1] / (1 - 0.99**step)).sqrt() + 1e-8)


def toy_training(methods: list[str], steps: int = STEPS) -> tuple[Tensor, ...]:
    """Train every method on every seed as one batch of small networks.

    Args:
        methods: "A alone", "B alone", names in `FIXED`, "PCGrad", "PCGrad, equal
            units", "GradNorm", "uncertainty", "uncertainty, started", "running mean".
        steps: full-batch Adam steps, at most `STEPS`, where the learning rate is 0.

    Returns:
        Parameters `(M, S, P)`, errors against validation labels and against clean test
        targets `(M, S, 2)`, cosines of the two pulls on the trunk `(steps, M, S)`.

    Source: the other snippets of this folder, batched; a test compares them.

    Examples:
        >>> toy_training(["sum", "PCGrad"], steps=1)[1].shape
        torch.Size([2, 16, 2])
    """
    x, noisy, clean = (part.repeat(len(methods), 1, 1) for part in _data())
    rows = {m: slice(i * SEEDS, (i + 1) * SEEDS) for i, m in enumerate(methods)}
    theta = _start().repeat(len(methods), 1)
    moments, s_moments = torch.zeros(2, *theta.shape), torch.zeros(2, len(theta), 2)
    s, mean, log_weight = torch.zeros(3, len(theta), 2)
    weights, cosines, first = torch.ones_like(s), [], None
    fixed = FIXED | {"A alone": 0.0}
    for name, r in rows.items():
        weights[r, 0] = float(name != "B alone")
        weights[r, 1] = fixed.get(name.removeprefix("PCGrad, "), 1.0)
    for step in range(1, steps + 1):
        output, hidden, heads = _forward(theta, x[:, :64])
        losses = UNIT * (output - noisy[:, :64]).square().mean(1)
        back = UNIT / 32 * (output - noisy[:, :64])
        inner = back[:, :, None] * heads[:, None] * (1 - hidden.square())[..., None]
        both = [x[:, :64].mT @ inner.flatten(2), inner.sum(1).flatten(1)[:, None]]
        pulls = torch.cat(both, 1).view(len(theta), -1, 2)
        norms = pulls.norm(dim=1)
        cosines.append((pulls[..., 0] * pulls[..., 1]).sum(1) / norms.prod(1))
        first = losses if first is None else first
        mean.lerp_(losses, 0.01)
        for name, r in rows.items():
            if name == "running mean":
                weights[r] = (1 - 0.99**step) / mean[r]
            elif name.startswith("uncertainty"):
                if step == 1 and name.endswith("started"):
                    s[r] = losses[r].log()
                weights[r] = (-s[r]).exp() / 2
            elif name == "GradNorm":
                goal = (losses[r] / first[r] / norms[r]).log()
                log_weight[r] = log_weight[r].lerp(goal, 0.05)
                weights[r] = 2 * log_weight[r].softmax(1)
        trunk = (pulls := pulls * weights[:, None]).sum(2)
        for r in (rows[name] for name in methods if name.startswith("PCGrad")):
            trunk[r] = _project(*pulls[r].unbind(2))
        outer = (hidden.mT @ back * weights[:, None]).flatten(1)
        theta = _adam(theta, torch.cat([trunk, outer], 1), moments, step)
        s = _adam(s, (1 - (-s).exp() * losses) / 2, s_moments, step)
    output = _forward(theta, x)[0]
    shape = len(methods), SEEDS, -1
    label = (output - noisy)[:, 64:128].square().mean(1).view(shape)
    test = (output - clean)[:, 128:].square().mean(1).view(shape)
    return theta.view(shape), label, test, torch.stack(cosines).view(-1, *shape[:2])
