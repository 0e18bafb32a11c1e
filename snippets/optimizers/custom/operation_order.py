"""How far the same AdamW drifts when its operations are written in another order."""

from functools import partial

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.optimizers.custom.custom_adamw import CustomAdamW
from snippets.optimizers.custom.custom_adamw_foreach import CustomAdamWForeach

STEPS = 200


class _Textbook(CustomAdamW):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for p in group["params"]:
                s = self.state[p]
                s["t"] = t = s.get("t", 0) + 1
                s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * p.grad
                s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * p.grad**2
                m_hat, v_hat = s["m"] / (1 - beta1**t), s["v"] / (1 - beta2**t)
                step = m_hat / (v_hat.sqrt() + group["eps"])
                p.sub_(lr * (step + group["weight_decay"] * p))


def _paths() -> dict[str, torch.Tensor]:
    """The largest difference from torch's loop after each step, for each version."""
    adamw = torch.optim.AdamW
    versions = {
        "torch": partial(adamw, foreach=False),
        "torch in float64": partial(adamw, foreach=False),
        "textbook order": _Textbook,
        "fused": partial(adamw, fused=True),
        "foreach": partial(adamw, foreach=True),
        "CustomAdamW": CustomAdamW,
        "CustomAdamWForeach": CustomAdamWForeach,
    }
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(300, generator=generator)
    params = [start.double() if "64" in name else start.clone() for name in versions]
    optimizers = [make([p]) for p, make in zip(params, versions.values(), strict=True)]
    path = []
    for _ in range(STEPS):
        gradient = torch.randn(300, generator=generator)
        for p, optimizer in zip(params, optimizers, strict=True):
            p.grad = gradient.to(p.dtype)
            optimizer.step()
        path.append(torch.stack([p.double() for p in params]) - params[0])
    drift = torch.stack(path).abs().amax(dim=2)
    return dict(zip(versions, drift.T, strict=True))


def figure() -> Figure:
    """Draw the largest parameter difference from torch's loop against the steps."""
    figure, axis = plt.subplots(figsize=(5.5, 3.6))
    paths = _paths()
    styles = {"textbook order": "-", "torch in float64": ":", "fused": "-"}
    for (name, style), above in zip(styles.items(), (-14, 8, 8), strict=True):
        (line,) = axis.semilogy(range(1, STEPS + 1), paths[name], style, label=name)
        axis.annotate(
            name,
            (STEPS, paths[name][-1]),
            xytext=(0, above),
            textcoords="offset points",
            ha="right",
            color=line.get_color(),
        )
    same = [name for name, drift in paths.items() if not drift.any()]
    assert same == ["torch", "foreach", "CustomAdamW", "CustomAdamWForeach"]
    axis.set_ylim(1e-10, 1e-4)
    axis.annotate(
        "foreach, and both of this page: exactly 0", (STEPS, 2e-10), ha="right"
    )
    axis.set_xlabel("step")
    axis.set_ylabel("largest difference from torch")
    axis.set_title("Only torch's order of operations gives torch's bits")
    return figure
