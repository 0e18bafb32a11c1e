"""The squared error against the error."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure


def figure() -> Figure:
    """Draw the squared error from torch."""
    error = torch.linspace(-3, 3, 61)
    loss = torch.nn.functional.mse_loss(error, torch.zeros(61), reduction="none")
    fig, ax = plt.subplots()
    ax.plot(error, loss)
    ax.set(xlabel="error (units of the target)", ylabel="squared error")
    ax.set_title("Twice the error costs four times as much")
    return fig
