"""Where the paths of a target put their mass when the network knows nothing."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F


def _posterior(logits: Tensor, target: Tensor, blank: int = 0) -> Tensor:
    """The probability of each class in each frame, given the target: `(T, C)`.

    It is the softmax minus the gradient of the loss with respect to the logits.

    Examples:
        >>> _posterior(torch.zeros(3, 3), torch.tensor([1, 2]))[1]
        tensor([0.2000, 0.4000, 0.4000])
    """
    logits = logits.detach().requires_grad_()
    lengths = torch.tensor([len(logits)]), torch.tensor([len(target)])
    log_probs = logits[:, None].log_softmax(2)
    loss = F.ctc_loss(log_probs, target[None], *lengths, blank, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, logits)
    return logits.detach().softmax(1) - gradient


def figure() -> Figure:
    """Draw the posterior of blank and of each label against the frame."""
    posterior = _posterior(torch.zeros(40, 6), torch.tensor([1, 2, 3, 4]))
    fig, ax = plt.subplots()
    frame = torch.arange(1, 41)
    ax.plot(frame, posterior[:, 0])
    ax.annotate("blank", (20, 0.5), color="C0", ha="center")
    for i, name in enumerate("abcd", start=1):
        ax.plot(frame, posterior[:, i], color=f"C{i}")
        peak = posterior[:, i].argmax().item()
        at = min(max(peak + 1, 3), 38)
        ax.annotate(name, (at, posterior[peak, i] - 0.06), color=f"C{i}", ha="center")
    ax.set(xlabel="frame", ylabel="posterior probability", ylim=(0, 1))
    ax.set_title("Untrained, the target asks for blank half of the time")
    return fig
