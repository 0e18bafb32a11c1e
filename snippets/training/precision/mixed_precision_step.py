"""One training step in mixed precision, with or without a gradient scaler."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import utils


def mixed_precision_step(
    compute_loss: Callable[[], Tensor],
    optimizer: torch.optim.Optimizer,
    dtype: torch.dtype = torch.bfloat16,
    scaler: torch.amp.GradScaler | None = None,
    max_norm: float = math.inf,
) -> tuple[Tensor, Tensor, bool]:
    """Run forward under autocast, then backward, unscale, clip, step and update.

    A gradient that is not finite skips the step, also without a scaler. To know that,
    a GPU must be waited for once a step.

    Args:
        compute_loss: Runs the model and returns the loss, a scalar.
        optimizer: Its parameters are float32, and all on one device.
        dtype: What autocast computes in, `torch.bfloat16` or `torch.float16`.
        scaler: Needed for float16, useless for bfloat16.
        max_norm: Clip the unscaled gradients to this norm.

    Returns:
        The loss, detached; the norm of the unscaled gradients before clipping; and
        whether the step was skipped. Step a scheduler only if it was not.

    Raises:
        ValueError: If a parameter is not float32, or float16 comes without a scaler.

    Source: `torch.amp.autocast` and `torch.amp.GradScaler`.

    Examples:
        >>> model = torch.nn.Linear(4, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        >>> x = torch.ones(2, 4)
        >>> def step(factor):
        ...     loss = lambda: (model(x).float() * factor).sum()
        ...     return mixed_precision_step(loss, optimizer, torch.float16, scaler)

        The norm is that of the true gradient, here 2 in each weight and the bias.

        >>> loss, norm, skipped = step(1.0)
        >>> round(norm.item(), 2), skipped, scaler.get_scale()
        (4.47, False, 1024.0)

        An overflow leaves the weights as they are and halves the scale.

        >>> before = model.weight.clone()
        >>> loss, norm, skipped = step(1e30)
        >>> torch.equal(model.weight, before), skipped, scaler.get_scale()
        (True, True, 512.0)
    """
    params = [p for group in optimizer.param_groups for p in group["params"]]
    kinds = {p.dtype for p in params} - {torch.float32}
    if kinds:
        raise ValueError(f"parameters must be float32 under autocast, got {kinds}")
    scales = scaler is not None and scaler.is_enabled()
    if dtype == torch.float16 and not scales:
        raise ValueError("float16 needs a scaler that is enabled, got none")
    optimizer.zero_grad()
    with torch.autocast(params[0].device.type, dtype=dtype):
        loss = compute_loss()
    if scales:
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
    else:
        loss.backward()
    grads = [p.grad for p in params if p.grad is not None]
    norm = utils.get_total_norm(grads)
    skipped = not norm.isfinite().item()
    if not skipped:
        utils.clip_grads_with_norm_(params, max_norm, norm)
    if scales:
        scaler.step(optimizer)  # skips by itself
        scaler.update()
    elif not skipped:
        optimizer.step()
    return loss.detach(), norm, skipped
