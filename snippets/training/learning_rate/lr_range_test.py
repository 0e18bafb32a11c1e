"""Raise the learning rate exponentially, record the loss, and put everything back."""

import copy
import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def lr_range_test(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
) -> tuple[list[float], list[float]]:
    """Return learning rates and the loss of a batch at each of them.

    Afterwards parameters, buffers, gradients, optimizer state, groups and torch's
    random state are what they were, bit for bit, also after an error. Not restored:
    a `generator` of your own in the loader, and the states of `random` and numpy.

    Args:
        model: in the mode that you train it in.
        optimizer: of its parameters. The group with the highest rate gets the rate of
            the test, the others keep their ratio to it.
        loss_fn: `loss_fn(model(x), y)`, a scalar.
        batches: pairs `(x, y)`, started again when they run out.
        low: first learning rate.
        high: last learning rate.
        steps: number of rates. The test ends early where the loss is not finite, or
            its moving average (decay 0.9) is 4 times its lowest value.

    Raises:
        ValueError: if the range, `steps`, the groups' rates or `batches` are unusable.

    Source:
        Smith 2017, arXiv:1506.01186, with an exponential rise.

    Examples:
        >>> model = nn.Linear(2, 1)
        >>> before = model.weight.clone()
        >>> sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        >>> data = [(torch.randn(8, 2), torch.randn(8, 1)) for _ in range(5)]
        >>> lrs, losses = lr_range_test(model, sgd, nn.functional.mse_loss, data)
        >>> lrs[0], len(lrs) == len(losses) < 100  # it diverged before 10
        (1e-05, True)
        >>> torch.equal(model.weight, before), len(sgd.state)
        (True, 0)
        >>> sgd.param_groups[0]["lr"]
        0.01
    """
    groups = optimizer.param_groups
    peak = max(float(group["lr"]) for group in groups)
    if not 0 < low < high or steps < 2:
        raise ValueError(
            f"0 < low < high and steps >= 2 needed, got {low}, {high}, {steps}"
        )
    if peak <= 0:
        raise ValueError(f"a group with a positive lr is needed, got at most {peak}")
    trained = {p for group in groups for p in group["params"]}
    if trained.isdisjoint(model.parameters()):
        raise ValueError("optimizer must hold parameters of model, got none of them")
    tensors = {*model.parameters(), *model.buffers(), *trained}
    values = [(t, t.detach().clone(), t.grad) for t in tensors]
    state = {p: copy.deepcopy(s) for p, s in optimizer.state.items()}
    options = [dict(group) for group in groups]
    devices = {t.device for t in tensors if t.device.type == "cuda"}
    lrs: list[float] = []
    losses: list[float] = []
    average, best = 0.0, math.inf
    try:
        with torch.random.fork_rng(devices):
            source = iter(batches)
            for k in range(steps):
                lr = low * (high / low) ** (k / (steps - 1))
                for group, option in zip(groups, options, strict=True):
                    group["lr"] = lr * float(option["lr"]) / peak
                if (pair := next(source, None)) is None:
                    source = iter(batches)
                    if (pair := next(source, None)) is None:
                        raise ValueError("batches must not run out for good")
                optimizer.zero_grad(set_to_none=True)
                loss = loss_fn(model(pair[0]), pair[1])
                lrs.append(lr)
                losses.append(loss.item())
                average = 0.9 * average + 0.1 * losses[-1]
                smooth = average / (1 - 0.9 ** (k + 1))
                best = min(best, smooth)
                if not math.isfinite(smooth) or smooth > best + 3 * abs(best):
                    break
                loss.backward()
                optimizer.step()
    finally:
        with torch.no_grad():
            for t, value, gradient in values:
                t.copy_(value)
                t.grad = gradient
        optimizer.state.clear()
        optimizer.state.update(state)
        for group, option in zip(groups, options, strict=True):
            group.clear()
            group.update(option)
    return lrs, losses
