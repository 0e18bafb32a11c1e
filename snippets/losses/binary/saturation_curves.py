"""Loss and gradient of four forms of binary cross-entropy for ever larger logits."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.binary.saturation import FORMS

NAMES = (
    "BCEWithLogitsLoss",
    "sigmoid, BCELoss",
    "sigmoid, `log(p + 1e-8)`",
    "SoftMarginLoss",
)


def figure() -> Figure:
    """Draw both in float32 for target 0, so that a large logit is wrong."""
    inner = torch.tensor([0, 1, 2, 4, 8, 14, 16.5, 16.7, 18, 20, 40, 60, 80, 88.5, 89])
    logit = torch.cat([inner, torch.tensor([100.0, 110.0])])
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for i, name in enumerate(NAMES):
        z = logit.clone().requires_grad_()
        value = FORMS[name](z, torch.zeros_like(z), reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), z)
        style = {
            "color": f"C{i}",
            "ls": ("-", "--", "-.", ":")[i],
            "lw": 3 if i == 3 else 1.8,
        }
        top.plot(logit, value.detach(), **style)
        bottom.plot(logit, slope, **style)
    top.set(ylabel="loss", ylim=(0, 120))
    top.annotate("BCELoss: 100", (30, 104), color="C1")
    top.annotate("log(p + 1e-8): 18.4", (60, 24), color="C2")
    top.annotate("BCEWithLogitsLoss", (66, 52), color="C0")
    top.annotate("SoftMarginLoss:\ninf from 88.8", (52, 76), ha="right", color="C3")
    bottom.set(ylabel="gradient", ylim=(-0.1, 1.25), xlabel="logit (target 0)")
    bottom.annotate("BCEWithLogitsLoss", (108, 1.06), ha="right", color="C0")
    bottom.annotate("SoftMarginLoss: nan from 88.8", (86, 0.86), ha="right", color="C3")
    bottom.annotate("BCELoss and log(p + 1e-8): 0", (108, 0.08), ha="right", color="C1")
    top.set_title("Sigmoid first: no gradient where the model is most wrong")
    return fig
