"""Checks that a loss should pass before it trains anything."""

import copy
import inspect
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn


def check_loss(
    loss: Callable[..., Tensor],
    make_inputs: Callable[[], tuple[Tensor, ...]],
    per_sample: bool = True,
) -> list[str]:
    """List what is wrong with a loss: value, gradient, batch, inputs, shapes.

    Args:
        loss: Function or module to call with the inputs, returning a scalar.
        make_inputs: Returns the inputs, prediction first and target last, each of shape
            `(N, ...)` with N > 1. Those that the loss must train have
            `requires_grad=True`. Draw them away from kinks.
        per_sample: Whether the loss is a mean over samples, so that the batch twice
            over has the same loss. False for sums and in-batch contrastive losses.

    Returns:
        One sentence for each fault, none for a good loss.

    Raises:
        ValueError: If no input requires a gradient.

    Source: `torch.autograd.gradcheck`, and the checklist of this page.

    Examples:
        >>> def make_inputs():
        ...     torch.manual_seed(0)
        ...     return torch.randn(8, 3, requires_grad=True), torch.randint(3, (8,))
        >>> check_loss(nn.CrossEntropyLoss(), make_inputs)
        []
        >>> check_loss(nn.CrossEntropyLoss(reduction="none"), make_inputs)
        ['the loss must be a scalar, got shape (8,)']
    """
    inputs = make_inputs()
    names = [i for i, x in enumerate(inputs) if x.requires_grad]
    if not names:
        raise ValueError("make_inputs must return an input with requires_grad=True")
    # A prediction is no leaf, so changing it in place does not raise by itself.
    given = [x.clone() for x in inputs]
    value = loss(*given)
    if value.shape != ():
        return [f"the loss must be a scalar, got shape {tuple(value.shape)}"]
    faults = []
    if not value.isfinite():
        faults.append(f"the loss is {value.item()}")
    for i, (x, now) in enumerate(zip(inputs, given, strict=True)):
        if not torch.equal(x, now):
            faults.append(f"input {i} is changed in place")
    if not value.requires_grad:
        return [*faults, "the loss has no grad_fn: something cut the graph"]
    try:
        leaves = [inputs[i] for i in names]
        gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    except RuntimeError as error:
        return [*faults, f"backward fails: {error}"]
    for i, gradient in zip(names, gradients, strict=True):
        if gradient is None:
            faults.append(f"input {i} has no gradient")
        elif not gradient.isfinite().all():
            faults.append(f"the gradient of input {i} is not finite")
        elif not gradient.any():
            faults.append(f"the gradient of input {i} is exactly zero")

    n = len(inputs[0])
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    batches = {"permuted": order}
    if per_sample:
        batches["given twice over"] = torch.cat([order, order])
    for change, index in batches.items():
        other = loss(*(x[index] for x in inputs))
        if not torch.allclose(value, other, rtol=1e-4, atol=1e-6, equal_nan=True):
            values = f"{value.item():.4g} becomes {other.item():.4g}"
            faults.append(f"{values} when the batch is {change}")
    if "reduction" in inspect.signature(loss).parameters:
        none, total, mean = (
            loss(*inputs, reduction=name) for name in ("none", "sum", "mean")
        )
        if not torch.allclose(none.sum(), total, rtol=1e-4):
            faults.append("reduction='none' summed is not reduction='sum'")
        if not torch.allclose(mean * none.numel(), total, rtol=1e-4):
            faults.append("reduction='mean' is not reduction='sum' over the elements")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # torch only warns when it broadcasts
            loss(*inputs[:-1], inputs[-1].clone().unsqueeze(-1))
        faults.append("a target with one dimension more is accepted")
    except (ValueError, TypeError, RuntimeError, IndexError, UserWarning):
        pass

    double = copy.deepcopy(loss).double() if isinstance(loss, nn.Module) else loss
    exact = [x.detach().double() if x.is_floating_point() else x for x in inputs]
    for i in names:
        exact[i].requires_grad_()
    try:
        torch.autograd.gradcheck(double, exact)
    except RuntimeError as error:
        faults.append(f"gradcheck: {str(error).splitlines()[0].rstrip(',')}")
    return faults
