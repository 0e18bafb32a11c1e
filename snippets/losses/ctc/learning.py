"""CTC training runs on synthetic sequences: right, or with one silent mistake."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.losses.ctc.error_rate import error_rate
from snippets.losses.ctc.greedy_decode import greedy_decode
from snippets.losses.ctc.synthetic_sequences import synthetic_sequences

# What stands between the network's (N, T, C) logits and F.ctc_loss
INPUTS = {
    "`log_softmax(2)`, right": lambda z: z.transpose(0, 1).log_softmax(2),
    "logits": lambda z: z.transpose(0, 1),
    "`softmax(2)`, no log": lambda z: z.transpose(0, 1).softmax(2),
    "`log_softmax(0)`, over time": lambda z: z.transpose(0, 1).log_softmax(0),
    "`log_softmax(1)`, over samples": lambda z: z.transpose(0, 1).log_softmax(1),
    "`view(T, N, C)`, no transpose": lambda z: z.reshape(
        z.shape[1], z.shape[0], -1
    ).log_softmax(2),
}


def _train(inputs, seed: int, steps: int = 60, every: int = 4) -> tuple[Tensor, float]:
    """Give step, loss, share of blank frames and label error rate; and the first loss.

    Examples:
        >>> (history, first), _ = _train(INPUTS["logits"], 0, 2, 1), None
        >>> history.shape, first < 0
        (torch.Size([2, 4]), True)
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(
        nn.Conv1d(6, 32, 5, stride=2, padding=2), nn.ReLU(), nn.Conv1d(32, 6, 3, 1, 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    data = [synthetic_sequences(16, generator) for _ in range(8)]
    x_test, frames_test, y_test, lengths_test = synthetic_sequences(32, generator)
    frames_test = (frames_test + 1) // 2
    references = [y[:n].tolist() for y, n in zip(y_test, lengths_test, strict=True)]
    history, first = [], 0.0
    for step in range(1, steps + 1):
        x, frames, y, lengths = data[step % len(data)]
        logits = model(x.transpose(1, 2)).transpose(1, 2)
        loss = F.ctc_loss(inputs(logits), y, (frames + 1) // 2, lengths)
        first = first or loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            with torch.no_grad():
                test = model(x_test.transpose(1, 2)).permute(2, 0, 1)
            valid = torch.arange(len(test))[:, None] < frames_test
            blank = (test.argmax(2) == 0)[valid].float().mean().item()
            rate = error_rate(greedy_decode(test, frames_test), references)
            history.append((step, loss.item(), blank, rate))
    return torch.tensor(history), first


def figure() -> Figure:
    """Draw loss, share of blanks and error rate of six runs against the step."""
    runs = [_train(INPUTS["`log_softmax(2)`, right"], seed)[0] for seed in range(6)]
    step, loss, blank, rate = torch.stack(runs).permute(2, 0, 1)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 4.6))
    for i, (ax, values) in enumerate(((top, loss), (bottom, blank), (bottom, rate))):
        mean, half = values.mean(0), 2.57 * values.std(0) / 6**0.5  # t, 5 d.o.f.
        ax.plot(step[0], mean, color=f"C{i}", linestyle=("-", "-", "--")[i])
        ax.fill_between(
            step[0], mean - half, mean + half, color=f"C{i}", alpha=0.2, lw=0
        )
    top.set(ylabel="CTC loss", ylim=(0, None))
    bottom.set(ylim=(0, 1.1), xlim=(4, 60), xlabel="step", ylabel="share")
    bottom.annotate("frames whose best class is blank", (26, 0.5), color="C1")
    bottom.annotate("label error rate", (16, 0.05), color="C2")
    top.set_title("The output is all blank before the first label appears")
    return fig
