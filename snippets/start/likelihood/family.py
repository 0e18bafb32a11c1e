"""Which loss is the negative log-likelihood of which distribution, by equality."""

import math

import torch
from torch.distributions import Bernoulli, Categorical, Laplace, Normal, Poisson
from torch.nn import functional as F


def table() -> str:
    """Compare losses with -log p from torch.distributions, in float64 on 500 samples.

    Examples:
        >>> all(row.endswith("< 1e-12 |") for row in table().splitlines()[2:])
        True
    """
    torch.manual_seed(0)
    count = 500
    y_hat, y = torch.randn(2, count, dtype=torch.float64)
    variance = torch.rand(count, dtype=torch.float64) + 0.1
    logits = torch.randn(count, 4, dtype=torch.float64)
    index, yes = torch.randint(4, (count,)), (y > 0).double()
    events = torch.poisson(variance * 5)
    soft = torch.randn(count, 4, dtype=torch.float64).softmax(dim=1)
    log_q = logits.log_softmax(dim=1)

    def gaussian(full: bool) -> torch.Tensor:
        return F.gaussian_nll_loss(y_hat, y, variance, full=full, reduction="none")

    each = {"reduction": "none"}
    normal = -Normal(y_hat, variance.sqrt()).log_prob(y)
    half_ln_2pi = 0.5 * math.log(2 * math.pi)
    rows = [
        ("½ · MSELoss", "Normal(ŷ, 1)", "½ ln 2π",
         0.5 * F.mse_loss(y_hat, y, **each) + half_ln_2pi,
         -Normal(y_hat, 1.0).log_prob(y)),
        ("L1Loss", "Laplace(ŷ, 1)", "ln 2",
         F.l1_loss(y_hat, y, **each) + math.log(2), -Laplace(y_hat, 1.0).log_prob(y)),
        ("GaussianNLLLoss", "Normal(ŷ, σ)", "½ ln 2π",
         gaussian(full=False) + half_ln_2pi, normal),
        ("GaussianNLLLoss, `full=True`", "Normal(ŷ, σ)", "0",
         gaussian(full=True), normal),
        ("PoissonNLLLoss", "Poisson(exp ŷ)", "ln y!",
         F.poisson_nll_loss(y_hat, events, **each) + torch.lgamma(events + 1),
         -Poisson(y_hat.exp()).log_prob(events)),
        ("BCEWithLogitsLoss", "Bernoulli(logits=z)", "0",
         F.binary_cross_entropy_with_logits(y_hat, yes, **each),
         -Bernoulli(logits=y_hat).log_prob(yes)),
        ("CrossEntropyLoss", "Categorical(logits=z)", "0",
         F.cross_entropy(logits, index, **each),
         -Categorical(logits=logits).log_prob(index)),
        ("NLLLoss on log-probabilities", "Categorical(logits=z)", "0",
         F.nll_loss(log_q, index, **each),
         -Categorical(logits=logits).log_prob(index)),
        ("KLDivLoss, target p", "Categorical, y drawn from p", "entropy of p",
         F.kl_div(log_q, soft, **each).sum(dim=1) + Categorical(soft).entropy(),
         F.cross_entropy(logits, soft, **each)),
    ]  # fmt: skip
    lines = [
        "| loss | −log p of | loss + this | largest difference |",
        "| --- | --- | --- | --- |",
    ]
    for loss, distribution, constant, ours, theirs in rows:
        gap = (ours - theirs).abs().max().item()
        shown = "< 1e-12" if gap < 1e-12 else f"{gap:.0e}"
        lines.append(f"| {loss} | {distribution} | {constant} | {shown} |")
    return "\n".join(lines)
