"""DPO on a small language model: both log-probabilities fall, the loss too."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.preference.dpo_loss import dpo_loss

SEEDS, PAIRS, LENGTH, VOCAB, WIDTH, STEPS = 8, 16, 8, 20, 8, 80


def _data() -> tuple[Tensor, list[Tensor]]:
    """Pairs `(2, SEEDS, PAIRS, LENGTH, VOCAB)` that differ in a token, and weights."""
    g = torch.Generator().manual_seed(0)
    chosen = torch.randint(VOCAB, (SEEDS, PAIRS, LENGTH), generator=g)
    rejected = chosen.clone()
    other = torch.randint(1, VOCAB, (SEEDS, PAIRS), generator=g)
    rejected[..., 2] = (chosen[..., 2] + other) % VOCAB
    sizes = (VOCAB, WIDTH), (LENGTH, WIDTH), (WIDTH, WIDTH), (WIDTH, VOCAB)
    weights = [torch.randn(SEEDS, *s, generator=g) / s[0] ** 0.25 for s in sizes]
    return F.one_hot(torch.stack([chosen, rejected]), VOCAB).float(), weights


def _log_prob(weights: list[Tensor], tokens: Tensor) -> Tensor:
    # a response starts after two tokens; each token sees the mean of those before it
    embed, position, mix, out = weights
    average = torch.ones(LENGTH, LENGTH).tril() / torch.arange(1, LENGTH + 1)[:, None]
    seen = average @ (tokens @ embed[:, None] + position[:, None])
    logits = torch.tanh(seen @ mix[:, None]) @ out[:, None]
    log_p = logits[..., 1:-1, :].log_softmax(dim=-1)
    return (log_p * tokens[..., 2:, :]).sum(dim=(-2, -1))


def _train(nll: float) -> dict[str, Tensor]:
    """Loss and changes of the log-probabilities, each `(STEPS, SEEDS)`.

    Examples:
        >>> run = _train(nll=0.0)
        >>> last = {name: curve[-1].mean() for name, curve in run.items()}
        >>> [name for name, value in last.items() if value < 0]
        ['chosen', 'rejected']
    """
    tokens, weights = _data()
    weights = [w.requires_grad_() for w in weights]
    optimizer = torch.optim.Adam(weights, lr=0.03)
    for _ in range(80):  # fine-tuning on all responses comes first
        loss = -_log_prob(weights, tokens).mean(dim=(0, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    reference = _log_prob(weights, tokens).detach()
    optimizer = torch.optim.Adam(weights, lr=0.02)
    run = {"loss": [], "chosen": [], "rejected": []}
    for _ in range(STEPS):
        chosen, rejected = _log_prob(weights, tokens)
        loss = dpo_loss(chosen, rejected, *reference, reduction="none").mean(dim=1)
        run["loss"].append(loss.detach())
        run["chosen"].append((chosen - reference[0]).detach().mean(dim=1))
        run["rejected"].append((rejected - reference[1]).detach().mean(dim=1))
        optimizer.zero_grad()
        (loss - nll * chosen.mean(dim=1) / (LENGTH - 2)).sum().backward()
        optimizer.step()
    return {name: torch.stack(curve) for name, curve in run.items()}


def figure() -> Figure:
    """Draw the changes of both log-probabilities without and with an NLL term."""
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.5, 5.2))
    for ax, nll in zip(axes, (0.0, 0.3), strict=True):
        run = _train(nll)
        for i, name in enumerate(("chosen", "rejected")):
            curve = run[name][::4]
            mean, half = curve.mean(1), 2.36 * curve.std(1) / SEEDS**0.5
            steps = range(0, STEPS, 4)
            ax.plot(steps, mean, color=f"C{i}", label=name)
            ax.fill_between(steps, mean - half, mean + half, alpha=0.2, lw=0)
        first, last = (run["loss"][step].mean() for step in (0, -1))
        name = f"DPO + {nll} NLL of the chosen" if nll else "DPO"
        ax.text(STEPS, -40, f"{name}: loss {first:.2f} to {last:.2f}", ha="right")
        ax.axhline(0, color="C5", lw=0.8, zorder=0)
        ax.set_ylabel("change of log p (nats)")
    axes[0].legend(loc="lower left")
    axes[1].set_xlabel("step")
    axes[0].set_title("The preferred response becomes less likely")
    return fig
