"""What "mean" divides by, found for each loss by dividing its sum by its mean."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def table() -> str:
    """Compare the reductions of each loss on N = 4 samples and C = 3 outputs.

    Losses named in one row were all run, and agree.

    Examples:
        >>> rows = [row.strip("| ").split(" | ") for row in table().splitlines()]
        >>> [row[2] for row in rows if "weight=w" in row[0]][:2]
        ['12 = all elements', '10 = weights of the targets']
        >>> [row[2] for row in rows if "batchmean" in row[0]]
        ['4 = N']
    """
    torch.manual_seed(0)
    z, other = torch.randn(2, 4, 3, dtype=torch.float64)
    p, ones = other.softmax(dim=1), torch.ones(4).double()
    y, w = torch.tensor([0, 1, 2, 1]), torch.tensor([1.0, 2.0, 5.0]).double()
    masked = torch.tensor([0, 1, -100, 1])
    sign, hot, listed = z.sign(), (p > 0.3).double(), torch.tensor([[0, 1, -1]] * 4)
    maps, map_y = torch.randn(4, 3, 5).double(), torch.randint(3, (4, 5))
    steps = torch.randn(6, 4, 5).double().log_softmax(dim=2)
    text, lengths = torch.randint(1, 5, (4, 3)), torch.tensor([3, 2, 1, 3])

    def run(loss: type, *args: Tensor, **options: Tensor) -> Callable[[str], Tensor]:
        return lambda r: loss(reduction=r, **options)(*args)

    kl = run(nn.KLDivLoss, z.log_softmax(dim=1), p)
    pair = [nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss, nn.PoissonNLLLoss]
    classes = [(nn.CrossEntropyLoss, z), (nn.NLLLoss, z.log_softmax(dim=1))]
    cases = {
        "MSE, L1, Huber, SmoothL1, PoissonNLL": [run(loss, z, p) for loss in pair],
        "GaussianNLL, BCE, BCEWithLogits": [
            run(nn.GaussianNLLLoss, z, p, p),
            run(nn.BCELoss, p, p),
            run(nn.BCEWithLogitsLoss, z, p),
        ],
        "`F.mse_loss`, `F.l1_loss` with `weight=`": [
            lambda r: F.mse_loss(z, p, weight=w.expand(4, 3), reduction=r),
            lambda r: F.l1_loss(z, p, weight=w.expand(4, 3), reduction=r),
        ],
        "SoftMargin, HingeEmbedding, MarginRanking": [
            run(nn.SoftMarginLoss, z, sign),
            run(nn.HingeEmbeddingLoss, z, sign),
            run(nn.MarginRankingLoss, p, z, sign),
        ],
        "BCEWithLogits, `weight=w`, `pos_weight=w`": [
            run(nn.BCEWithLogitsLoss, z, p, weight=w, pos_weight=w)
        ],
        "CrossEntropy, NLL, LinearCrossEntropy": [
            *(run(loss, x, y) for loss, x in classes),
            lambda r: F.linear_cross_entropy(z, maps[0].T, y, reduction=r),
        ],
        "… with `weight=w`": [run(loss, x, y, weight=w) for loss, x in classes],
        "… with one ignored target": [run(loss, x, masked) for loss, x in classes],
        "CrossEntropy, `weight=w`, soft targets": [
            run(nn.CrossEntropyLoss, z, p, weight=w)
        ],
        "CrossEntropy, 5 positions each": [run(nn.CrossEntropyLoss, maps, map_y)],
        "MultiMargin, also with `weight=w`": [
            run(nn.MultiMarginLoss, z, y),
            run(nn.MultiMarginLoss, z, y, weight=w),
        ],
        "MultiLabelSoftMargin, MultiLabelMargin": [
            run(nn.MultiLabelSoftMarginLoss, z, hot),
            run(nn.MultiLabelMarginLoss, z, listed),
        ],
        "TripletMargin, CosineEmbedding": [
            run(nn.TripletMarginLoss, z, p, other),
            run(nn.CosineEmbeddingLoss, z, p, ones),
        ],
        'KLDiv, `"mean"`': [kl],
        'KLDiv, `"batchmean"`': [lambda r: kl("batchmean" if r == "mean" else r)],
        "CTC": [run(nn.CTCLoss, steps, text, torch.full((4,), 6), lengths)],
    }
    lines = ["| loss | `none` gives | `mean` divides by |", "| --- | --- | --- |"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # KLDiv's "mean" warns that it will change
        for name, losses in cases.items():
            (row,) = {_describe(loss, lengths) for loss in losses}
            lines.append(f"| {name} | {row} |")
    return "\n".join(lines)


def _describe(loss: Callable[[str], Tensor], lengths: Tensor) -> str:
    each, mean = loss("none"), loss("mean")
    shape = {(4,): "(N,)", (4, 3): "(N, C)", (4, 5): "(N, 5)"}[tuple(each.shape)]
    divisor = (each.sum() / mean).item()
    meaning = {
        3: "targets not ignored",
        4: "N",
        10: "weights of the targets",
        12: "all elements",
        20: "all positions",
        32: "all weights",
    }
    for number, name in meaning.items():
        if abs(divisor - number) < 1e-9:
            return f"`{shape}` | {number} = {name}"
    torch.testing.assert_close(mean, (each / lengths).mean())
    return f"`{shape}` | each target's length, then N"
