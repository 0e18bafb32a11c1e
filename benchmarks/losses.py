"""Forward and backward of our losses against the fastest known form, as ratios.

    PYTHONPATH=. .venv/bin/python benchmarks/losses.py

Both forms take turns in one process, on one thread; the ratio is that of the medians. 1
is as fast, 2 takes twice as long. Memory is the peak of what the step allocates.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from snippets.losses.binary.binary_loss import binary_loss
from snippets.losses.calibration.label_smoothing import label_smoothing
from snippets.losses.contrastive.nt_xent import nt_xent
from snippets.losses.contrastive.supervised_contrastive_loss import (
    supervised_contrastive_loss,
)
from snippets.losses.ctc.ctc_from_scores import ctc_from_scores
from snippets.losses.detection.giou_loss import giou_loss
from snippets.losses.distributions.distillation_loss import distillation_loss
from snippets.losses.imbalance.focal_loss import focal_loss
from snippets.losses.imbalance.logit_adjusted_cross_entropy import (
    logit_adjusted_cross_entropy,
)
from snippets.losses.imbalance.multiclass_focal_loss import multiclass_focal_loss
from snippets.losses.language.chunked_cross_entropy import chunked_cross_entropy
from snippets.losses.language.next_token_loss import next_token_loss
from snippets.losses.multiclass.generalized_cross_entropy import (
    generalized_cross_entropy,
)
from snippets.losses.multiclass.sequence_cross_entropy import sequence_cross_entropy
from snippets.losses.regression.huber import huber
from snippets.losses.regression.log_cosh import log_cosh
from snippets.losses.segmentation.dice_loss import dice_loss
from snippets.losses.segmentation.multiclass_dice_loss import multiclass_dice_loss
from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from snippets.losses.survival.cox_loss import cox_loss


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def classes(count: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(count, shape, generator=generator)


def two_dice(z: Tensor, y: Tensor) -> Tensor:
    p = z.sigmoid().flatten(1)
    y = y.flatten(1)
    return (1 - (2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)).mean()


def direct_nt_xent(a: Tensor, b: Tensor) -> Tensor:
    u = F.normalize(torch.cat([a, b]), dim=1)
    z = (u @ u.T / 0.5).fill_diagonal_(-torch.inf)
    n = len(a)
    return F.cross_entropy(z, torch.arange(2 * n).roll(n))


ROWS, SMALL = 4096, 256
PAIR = random(ROWS * 16), random(ROWS * 16).roll(1)
BINARY = random(ROWS * 16), classes(2, ROWS * 16).float()
MANY = random(ROWS, 100), classes(100, ROWS)
TEXT = random(8, 64, 1000), classes(1000, 8, 64)
MASKS = random(8, 1, 128, 128), classes(2, 8, 1, 128, 128).float()
PRIOR = torch.full((100,), 0.01)
VIEWS = random(SMALL, 64), random(SMALL, 64) + 0.1
CTC = random(60, 8, 30), classes(29, 8, 20) + 1
LENGTHS = torch.full((8,), 60), torch.full((8,), 20)
SHIFTED = TEXT[0][:, :-1].flatten(0, 1), TEXT[1][:, 1:].flatten()

# ours, and the fastest form known to us, of the same tensors; the first one has gradients
CASES: dict[str, tuple[tuple, Callable, Callable]] = {
    "huber / F.huber_loss": (PAIR, huber, F.huber_loss),
    "log_cosh / softplus form": (
        PAIR,
        log_cosh,
        lambda x, y: (x - y + F.softplus(-2 * (x - y))).mean(),
    ),
    "binary_loss / F.bce_with_logits": (
        BINARY,
        binary_loss,
        F.binary_cross_entropy_with_logits,
    ),
    "focal_loss / torchvision's formula": (
        BINARY,
        focal_loss,
        lambda z, y: (
            F.binary_cross_entropy_with_logits(z, y, reduction="none")
            * (1 - (z.sigmoid() * y + (1 - z.sigmoid()) * (1 - y))) ** 2
        ).mean(),
    ),
    "multiclass_focal_loss / F.cross_entropy": (
        MANY,
        multiclass_focal_loss,
        F.cross_entropy,
    ),
    "label_smoothing / F.cross_entropy": (
        MANY,
        label_smoothing,
        lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
    ),
    "logit_adjusted / F.cross_entropy": (
        MANY,
        lambda z, y: logit_adjusted_cross_entropy(z, y, PRIOR),
        lambda z, y: F.cross_entropy(z + PRIOR.log(), y),
    ),
    "generalized / F.cross_entropy": (MANY, generalized_cross_entropy, F.cross_entropy),
    "distillation / two fused calls": (
        (MANY[0], MANY[0] + 1, MANY[1]),
        distillation_loss,
        lambda s, t, y: (
            F.cross_entropy(s, y)
            + F.kl_div(
                (s / 4).log_softmax(1),
                (t / 4).log_softmax(1),
                reduction="batchmean",
                log_target=True,
            )
        ),
    ),
    "sequence_cross_entropy / F.cross_entropy": (
        TEXT,
        sequence_cross_entropy,
        lambda z, y: F.cross_entropy(z.flatten(0, 1), y.flatten()),
    ),
    "next_token_loss / F.cross_entropy": (
        TEXT,
        next_token_loss,
        lambda z, y: F.cross_entropy(z[:, :-1].flatten(0, 1), y[:, 1:].flatten()),
    ),
    "dice_loss / three sums": (MASKS, dice_loss, two_dice),
    "multiclass_dice_loss / F.cross_entropy": (
        (random(4, 5, 64, 64), classes(5, 4, 64, 64)),
        multiclass_dice_loss,
        F.cross_entropy,
    ),
    "nt_xent / F.cross_entropy of similarities": (VIEWS, nt_xent, direct_nt_xent),
    "supervised_contrastive / nt_xent's form": (
        (random(2 * SMALL, 64), classes(10, 2 * SMALL)),
        supervised_contrastive_loss,
        lambda u, y: direct_nt_xent(u[:SMALL], u[SMALL:]),
    ),
    "batch_hard_triplet / one cdist": (
        (random(2 * SMALL, 64), classes(10, 2 * SMALL)),
        batch_hard_triplet_loss,
        lambda u, y: torch.cdist(u, u).mean(),
    ),
    "ctc_from_scores / F.ctc_loss": (
        CTC,
        lambda z, y: ctc_from_scores(z, y, *LENGTHS),
        lambda z, y: F.ctc_loss(z.log_softmax(-1), y, *LENGTHS),
    ),
    "giou_loss / F.l1_loss": (
        (torch.rand(ROWS, 4).cumsum(1), torch.rand(ROWS, 4).cumsum(1)),
        giou_loss,
        F.l1_loss,
    ),
    "cox_loss / sort and logcumsumexp": (
        (random(ROWS), random(ROWS).abs(), classes(2, ROWS)),
        cox_loss,
        lambda z, t, e: (z[t.argsort(descending=True)].logcumsumexp(0) * e).mean(),
    ),
}


def seconds(loss: Callable, tensors: tuple) -> float:
    leaf = tensors[0].clone().requires_grad_()
    start = time.perf_counter()
    loss(leaf, *tensors[1:]).backward()
    return time.perf_counter() - start


def ratio(ours: Callable, theirs: Callable, tensors: tuple, runs: int = 15) -> float:
    times = [(seconds(ours, tensors), seconds(theirs, tensors)) for _ in range(runs)]
    mine, other = zip(*times[2:], strict=True)
    return statistics.median(mine) / statistics.median(other)


def peak(step: Callable[[], Tensor]) -> float:
    """Mebibytes that forward and backward hold at once."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        step().backward()
    held = most = 0
    events = [
        e for e in trace.profiler.kineto_results.events() if e.name() == "[memory]"
    ]
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most / 2**20


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("forward and backward, ours / the other")
    for name, (tensors, ours, theirs) in CASES.items():
        print(f"  {ratio(ours, theirs, tensors):5.2f}  {name}")

    hidden, weight = random(512, 64).requires_grad_(), random(8192, 64).requires_grad_()
    target = classes(8192, 512)
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=64)
    forms = {
        "Linear and CrossEntropyLoss": lambda: F.cross_entropy(
            hidden @ weight.T, target
        ),
        "chunked_cross_entropy, 64 rows": lambda: chunked_cross_entropy(
            hidden, weight, target, chunk_size=64
        ),
        "LinearCrossEntropyLoss, 64 rows": lambda: F.linear_cross_entropy(
            hidden, weight, target, options=options
        ),
        "LinearCrossEntropyLoss, default chunks": lambda: F.linear_cross_entropy(
            hidden, weight, target, options=nn.LinearCrossEntropyOptions()
        ),
    }
    print("a vocabulary of 8192, 512 tokens: peak memory, time against the first")
    plain = next(iter(forms.values()))
    for name, form in forms.items():
        times = ratio(lambda _, f=form: f(), lambda _: plain(), (hidden.detach(),), 7)
        print(f"  {peak(form):5.1f} MiB  {times:5.2f}  {name}")


if __name__ == "__main__":
    main()
