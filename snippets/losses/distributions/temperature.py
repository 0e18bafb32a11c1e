"""Size of the distillation gradient against the temperature."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.distributions.distillation_loss import distillation_loss

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


def _gradient_norms(scale: float = 3.0) -> tuple[list[float], float]:
    """Give the mean gradient norm of the teacher's term by temperature, and of labels.

    Examples:
        >>> soft, hard = _gradient_norms()
        >>> [round(soft[i], 2) for i in (0, 4, 8)], round(hard, 2)
        ([0.92, 1.29, 1.26], 1.13)
    """
    generator = torch.Generator().manual_seed(0)
    student, teacher = scale * torch.randn(2, 256, 10, generator=generator)
    target = teacher.argmax(1)
    student.requires_grad_()

    def norm(temperature: float, alpha: float) -> float:
        loss = distillation_loss(student, teacher, target, temperature, alpha, "sum")
        return torch.autograd.grad(loss, student)[0].norm(dim=1).mean().item()

    return [norm(t, 1.0) for t in TEMPERATURES], norm(1.0, 0.0)


def figure() -> Figure:
    """Draw the gradient norms with and without the factor, and that of the labels."""
    soft, hard = _gradient_norms()
    bare = [s / t**2 for s, t in zip(soft, TEMPERATURES, strict=True)]
    fig, ax = plt.subplots()
    ax.plot(TEMPERATURES, soft)
    ax.plot(TEMPERATURES, bare)
    ax.axhline(hard, color="C5", linewidth=1.2)
    ax.set(yscale="log", xlabel="temperature T", ylabel="gradient norm per sample")
    ax.set(ylim=(0.02, 5), yticks=[0.03, 0.1, 0.3, 1, 3])
    ax.set_yticklabels(["0.03", "0.1", "0.3", "1", "3"])
    ax.minorticks_off()
    ax.annotate("teacher, times T²", (5.4, 2.5), color="C0")
    ax.annotate("teacher, without", (4.6, 0.16), color="C1")
    ax.annotate("labels (at T = 1)", (5.4, 0.72), color="C5")
    ax.set_title("Without T² the teacher fades as T grows")
    return fig
