"""CORAL's probabilities against its score: one curve, shifted by the biases."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.ordinal.ordinal_label import ordinal_label


def figure() -> Figure:
    """Draw P(label > k) above, the probability of each label below."""
    score = torch.linspace(-6, 6, 49)
    label, above = ordinal_label(score[:, None] + torch.tensor([3.0, 1.5, -1.0, -2.0]))
    one, zero = torch.ones(49, 1), torch.zeros(49, 1)
    each = torch.cat([one, above], 1) - torch.cat([above, zero], 1)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.0))
    for k in range(4):
        top.plot(score, above[:, k], color=f"C{k}")
        cut = (-3, -1.5, 1, 2)[k]
        shift = {"x": cut - 0.2, "ha": "right"} if k != 3 else {"x": cut + 0.3}
        top.text(y=0.54 if k != 3 else 0.42, s=f"> {k}", color=f"C{k}", **shift)
    top.axhline(0.5, color="C5", lw=0.8)
    top.set(ylabel="P(label > k)", ylim=(0, 1.05))
    for k in range(5):
        bottom.plot(score, each[:, k], color=f"C{k}")
        peak = each[:, k].argmax()
        at = score[peak].clamp(-5.6, 5.4)
        spot = (3.3, 0.17) if k == 3 else (at, each[peak, k] + 0.04)
        bottom.text(*spot, str(k), color=f"C{k}", ha="center")
    bottom.set(ylabel="P(label = k)", xlabel="score", ylim=(0, 1.15))
    top.set_title("The label counts the curves above one half")
    return fig
