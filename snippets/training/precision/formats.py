"""The spacing of numbers in three formats."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

FORMATS = {
    "float16": (torch.float16, torch.int16, -24, 15),
    "bfloat16": (torch.bfloat16, torch.int16, -30, 30),
    "float32": (torch.float32, torch.int32, -30, 30),
}


def figure() -> Figure:
    """Draw the distance to the next number against the magnitude."""
    fig, ax = plt.subplots()
    places = (2e-9, 3e-7), (1e-1, 2), (1e2, 1e-7)
    for i, (name, (dtype, integer, low, high)) in enumerate(FORMATS.items()):
        x = (2.0 ** torch.arange(low, high + 1)).to(dtype)
        following = (x.view(integer) + 1).view(dtype)
        ax.plot(x.double(), following.double() - x.double(), color=f"C{i}")
        ax.text(*places[i], name, color=f"C{i}")
    ax.axvline(65504, color="C0", ls=":", lw=1)
    ax.text(1.2e5, 1e-14, "float16\nends at\n65504", color="C0")
    ax.set(xscale="log", yscale="log", xlim=(1e-9, 1e9), ylim=(1e-18, 1e9))
    ax.set(xlabel="magnitude", ylabel="distance to the next number")
    ax.set_title("bfloat16 has the range, float16 the digits")
    return fig
