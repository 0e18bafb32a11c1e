"""Looks at a training set-up, and says in words what is wrong with it."""

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

PAIRED = (
    *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.PoissonNLLLoss),
    *(nn.BCELoss, nn.BCEWithLogitsLoss),
)
BATCH_NORM = nn.modules.batchnorm._BatchNorm
RANGES = {
    nn.Sigmoid: (0, 1),
    nn.Softmax: (0, 1),
    nn.Tanh: (-1, 1),
    nn.ReLU: (0, math.inf),
    nn.Softplus: (0, math.inf),
}


def doctor(
    model: nn.Module,
    criterion: Callable[[Any, Any], Tensor],
    optimizer: torch.optim.Optimizer,
    inputs: Any,
    target: Any,
    scheduler: Any = None,
    scaler: Any = None,
) -> list[str]:
    """Check a training set-up on one batch, and leave all of it as it was.

    Everything is copied first, so that memory for a second model and optimizer is
    needed. The copy takes a few dozen steps. The state of torch's random numbers, the
    modes, gradients and buffers of the model itself do not change.

    Args:
        model: Called as `model(inputs)`, in the mode it is in.
        criterion: Called as `criterion(model(inputs), target)`.
        optimizer: Of the model's parameters, as it would take the next step.
        inputs: What the model takes, `(N, ...)` where it is a tensor.
        target: What the criterion takes, `(N, ...)` where it is a tensor.
        scheduler: Of this optimizer, if there is one.
        scaler: `torch.amp.GradScaler`, if there is one.

    Returns:
        One sentence for each fault, with the page of this guide; none if all is well.

    Raises:
        TypeError: If the model is no module, or the optimizer none of torch's.

    Source: the checks of the pages that it names, on `torch.autograd` and
        `torch.optim.Optimizer.param_groups`.

    Examples:
        >>> _ = torch.manual_seed(0)
        >>> model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
        >>> batch = torch.randn(32, 8), torch.randint(3, (32,))
        >>> adam = torch.optim.Adam(model.parameters())
        >>> doctor(model, nn.CrossEntropyLoss(), adam, *batch)
        []
        >>> _ = model.append(nn.Softmax(1))
        >>> for fault in doctor(model, nn.CrossEntropyLoss(), adam, *batch):
        ...     print(fault)
        the model ends in probabilities, the loss wants logits: troubleshoot/silent/loss
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model)}")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must be a torch.optim.Optimizer, got {type(optimizer)}"
        )
    faults = list(_wiring(model, criterion, optimizer, scheduler, scaler))
    trains = any(p.requires_grad for p in _parameters(model, criterion))
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in (_data, _output, _steps) if trains else (_data,):
            torch.manual_seed(0)
            parts = _copy(optimizer, model, criterion, inputs, target)
            found = list(check(*parts))
            faults += found
            if found and check is not _data:
                break  # what follows from a wrong output is no fault of its own
        faults += _schedule(*_copy(optimizer, scheduler))
    return [f"{what}: {_address(page)}" for what, page in dict.fromkeys(faults)]


def _address(page: str) -> str:
    """Of a page of the guide, below its root."""
    own = page.split("/")[0] in {"silent", "symptoms", "messages"}
    return f"troubleshoot/{page}" if own else page


def _copy(optimizer, *parts) -> tuple:
    """A copy of the optimizer, and of the parts, which share the copied parameters."""
    new = object.__new__(type(optimizer))
    memo: dict = {id(optimizer): new}
    # A scheduler has put a `step` there that is bound to the original.
    own = {key: value for key, value in vars(optimizer).items() if key != "step"}
    vars(new).update(copy.deepcopy(own, memo))
    return (new, *copy.deepcopy(parts, memo))


def _wiring(
    model, criterion, optimizer, scheduler, scaler
) -> Iterator[tuple[str, str]]:
    """What can be seen without running anything."""
    names = {id(p): n for n, p in model.named_parameters()}
    if isinstance(criterion, nn.Module):
        names |= {id(p): f"criterion.{n}" for n, p in criterion.named_parameters()}
    trained = {id(p): p for p in _parameters(model, criterion) if p.requires_grad}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    left = [names[key] for key in trained.keys() - {id(p) for p in held}]
    if left:
        yield f"not in the optimizer: {_list(left)}", "silent/optimizer"
    if any(id(p) not in names for p in held):
        yield "the optimizer holds parameters of another model", "silent/optimizer"
    if len({id(p) for p in held}) < len(held):
        yield "the optimizer holds a parameter twice", "silent/optimizer"
    if not trained:
        yield "no parameter requires a gradient", "messages/autograd"
    for name, module in model.named_modules():
        for attribute, value in vars(module).items():
            hidden = value.values() if isinstance(value, dict) else value
            if attribute.startswith("_") or not isinstance(value, dict | list | tuple):
                continue
            if any(isinstance(item, nn.Module | nn.Parameter) for item in hidden):
                where = f"{name}.{attribute}".lstrip(".")
                yield f"a plain list or dict of layers, {where}", "silent/optimizer"
        own = list(module.parameters(recurse=False))
        if isinstance(module, BATCH_NORM) and module.training and own:
            if not any(p.requires_grad for p in own):
                yield (
                    f"frozen BatchNorm {name} updates its statistics",
                    "silent/optimizer",
                )
            elif module.momentum == 0:
                yield f"BatchNorm {name} has momentum 0, no update", "silent/evaluation"
        if isinstance(module, nn.Dropout) and module.p >= 0.9:
            yield f"dropout {name} drops {module.p:.0%}", "choose/remedy"
        weight = getattr(module, "weight", None)
        layer = isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
        several = layer and len(weight) > 1 and weight.any()
        if several and weight.equal(weight[:1].expand_as(weight)):
            yield f"all units of {name} start alike", "symptoms/loss"
    if not model.training:
        yield "the model is in eval()", "silent/evaluation"
    if any(p.dtype in {torch.float16, torch.bfloat16} for p in trained.values()):
        yield "parameters in half precision", "silent/precision"
    if any(p.grad is not None and p.grad.any() for p in trained.values()):
        yield "gradients are left from before, backward adds", "silent/optimizer"
    yield from _groups(optimizer)
    if scheduler is not None and getattr(scheduler, "optimizer", None) is not optimizer:
        yield "the scheduler drives another optimizer", "silent/schedule"
    if scaler is not None and scaler.is_enabled() and scaler.get_scale() < 1:
        yield f"the scale has fallen to {scaler.get_scale():.0e}", "silent/precision"


def _groups(optimizer) -> Iterator[tuple[str, str]]:
    """What stands in the parameter groups and in the state."""
    known = {*optimizer.defaults, "params", "param_names", "initial_lr", "swa_lr"}
    known |= {"max_lr", "min_lr", "base_momentum", "max_momentum"}
    if hasattr(optimizer, "lr"):
        yield "optimizer.lr is read by nobody, set group['lr']", "silent/optimizer"
    for group in optimizer.param_groups:
        for key in group.keys() - known:
            yield f"no option is called {key!r}", "silent/optimizer"
        lr, decay = float(group["lr"]), group.get("weight_decay") or 0
        if lr <= 0:
            yield f"the learning rate is {lr}", "silent/schedule"
        if group.get("maximize"):
            yield "maximize=True climbs the loss", "optimizers/reference"
        if decay < 0 or lr * decay > 0.02:
            yield f"weight decay {decay} at lr {lr}", "training/weight_decay"
        beta1, beta2 = group.get("betas", (0, 1))[:2]
        momentum = group.get("momentum") or 0.9
        if beta1 > beta2 or beta2 < 0.5 or not 0.1 < momentum <= 0.995:
            yield "momentum or betas out of the usual range", "training/momentum"
        if not 0 < (group.get("eps") or 1e-8) < 1e-2:
            yield f"eps is {group['eps']}", "training/momentum"
    for p, state in optimizer.state.items():
        for key, value in state.items():
            if torch.is_tensor(value) and value.numel() > 1:
                if key.startswith("exp_avg") and value.shape != p.shape:
                    yield "state of another parameter", "silent/checkpoint"
                if not value.isfinite().all():
                    yield (
                        f"{key} in the optimizer's state is not finite",
                        "symptoms/loss",
                    )


def _data(optimizer, model, criterion, inputs, target) -> Iterator[tuple[str, str]]:
    """The batch by itself."""
    for name, x in (("inputs", inputs), ("target", target)):
        if torch.is_tensor(x) and not x.isfinite().all():
            yield f"{name} are not finite", "symptoms/loss"
    if torch.is_tensor(inputs) and inputs.is_floating_point() and len(inputs) > 1:
        first = next((m for m in model.modules() if not list(m.children())), None)
        normalised = isinstance(first, BATCH_NORM | nn.LayerNorm | nn.GroupNorm)
        if not normalised and inputs.abs().max() > 100 and inputs.std() > 10:
            low, high = inputs.aminmax()
            yield f"inputs from {low:.0f} to {high:.0f}, not scaled", "silent/data"
        if inputs.equal(inputs[:1].expand_as(inputs)):
            yield "all samples are the same", "symptoms/loss"
        elif (
            inputs.dim() == 2
            and torch.is_tensor(target)
            and target.dim() < 2 < len(target)
        ):
            answer = target.to(inputs.dtype)
            pairs = torch.cat([answer[:, None], inputs], 1).T
            near = torch.corrcoef(pairs)[0, 1:].abs().nan_to_num().max()
            if len(answer) == len(inputs) and near > 0.9999:
                yield "a column of the inputs is the target", "silent/data"
    if not torch.is_tensor(target):
        return
    if target.requires_grad:
        yield "the target has a gradient, detach it", "silent/loss"
    whole = target.dim() == 1 and not target.is_floating_point()
    if whole and len(target) >= 8 and len(target.unique()) == 1:
        yield "one class in the batch, is the data sorted?", "silent/data"
    if isinstance(criterion, nn.CrossEntropyLoss | nn.NLLLoss):
        yield from _classes(criterion, target)
    elif isinstance(criterion, nn.BCEWithLogitsLoss):
        low, high = target.aminmax()
        if low < 0 or high > 1:
            yield f"binary targets from {low:.3g} to {high:.3g}", "silent/loss"
    elif isinstance(criterion, PAIRED[:4]):
        if not target.is_floating_point():
            yield "whole numbers as targets, are they classes?", "silent/loss"
        elif target.std() > 100 or target.mean().abs() > 100:
            yield f"targets of size {target.abs().mean():.0f}", "silent/data"
    if isinstance(criterion, nn.KLDivLoss) and criterion.reduction == "mean":
        yield "KLDivLoss divides by the classes too, use batchmean", "silent/reduction"


def _classes(criterion, target) -> Iterator[tuple[str, str]]:
    if target.is_floating_point():
        if not torch.allclose(target.sum(1), torch.ones_like(target.sum(1)), atol=1e-3):
            yield "class probabilities do not sum to 1, several labels?", "silent/loss"
        return
    if (target == criterion.ignore_index).all():
        yield "every target is ignored", "silent/reduction"
    weight = criterion.weight
    if weight is None:
        return
    counts = target[(target >= 0) & (target < len(weight))].bincount(
        minlength=len(weight)
    )
    if (weight[counts > 0] <= 0).any():
        yield "a class of the batch has weight 0 or less", "losses/imbalance"
    elif counts.max() > 4 * counts.clamp(min=1).min() and weight.std() > 0:
        pair = torch.stack([counts.float(), weight.float()])
        if torch.corrcoef(pair)[0, 1] > 0.5:
            yield "the frequent class has the larger weight", "losses/imbalance"


def _output(optimizer, model, criterion, inputs, target) -> Iterator[tuple[str, str]]:
    """The output and the loss."""
    leaf = torch.is_tensor(inputs) and inputs.is_floating_point()
    if leaf:
        inputs = inputs.detach().requires_grad_()
    output = model(inputs)
    if torch.is_tensor(output) and torch.is_tensor(target):
        if not output.isfinite().all():
            yield "the output is not finite", "symptoms/loss"
            return
        found = list(_fits(model, criterion, output.detach(), target))
        yield from found
        if found:
            return
    loss = criterion(output, target)
    if loss.numel() != 1:
        yield f"the loss has shape {tuple(loss.shape)}, reduce it", "messages/autograd"
    elif not loss.isfinite():
        yield f"the loss is {loss.item()}", "symptoms/loss"
    elif not loss.requires_grad or loss.grad_fn is None:
        yield "the loss has no graph", "symptoms/loss"
    else:
        yield from _gradients(model, criterion, output, target, loss)
        if leaf and torch.is_tensor(output) and len(output) == len(inputs) > 1:
            yield from _mixing(model, inputs)
        elif torch.is_tensor(inputs) and inputs.dim() == 2 and torch.is_tensor(target):
            yield from _tokens(model, criterion, inputs, target)


def _fits(model, criterion, output, target) -> Iterator[tuple[str, str]]:
    """Output and target as this criterion wants them."""
    if target.dim() == 1 < output.dim() and not target.is_floating_point():
        kinds = len(target.unique())
        if 1 < kinds <= output.shape[1] / 2 and (target.diff() >= 0).all():
            yield "the batch is sorted by label", "silent/data"
    sums = output.sum(1) if output.dim() > 1 else output
    one = torch.ones_like(sums)
    positive = bool((output >= 0).all())
    cut = positive and (bool((output == 0).any()) or _bounded(model) is not None)
    columns = output.shape[1] if output.dim() > 1 else 0
    if isinstance(criterion, nn.CrossEntropyLoss):
        if columns == 1:
            yield "CrossEntropyLoss over one column is 0", "start/criterion"
        elif positive and torch.allclose(sums, one, atol=1e-3):
            yield (
                "the model ends in probabilities, the loss wants logits",
                "silent/loss",
            )
        elif positive and torch.allclose(output.sum(0), one.new_ones(()), atol=1e-3):
            yield "softmax over the batch, not over the classes", "silent/data"
        elif cut or _bounded(model) == (-1, 1):
            yield "the logits are cut off by the last activation", "silent/loss"
    elif isinstance(criterion, nn.NLLLoss | nn.KLDivLoss):
        if not torch.allclose(output.exp().sum(1), one, atol=1e-2):
            yield "the loss wants log-probabilities over dim 1", "silent/loss"
        log_target = getattr(criterion, "log_target", None)
        total = target.exp() if log_target else target
        if log_target is not None and not torch.allclose(total.sum(1), one, atol=1e-2):
            yield "the target is no distribution over dim 1", "silent/loss"
    elif isinstance(criterion, nn.BCEWithLogitsLoss):
        if positive and (output <= 1).all():
            yield (
                "the model ends in probabilities, the loss wants logits",
                "silent/loss",
            )
        elif cut:
            yield "the logits are cut off by the last activation", "silent/loss"
        weight = criterion.pos_weight
        if (
            weight is not None
            and weight.dim() == 1 < weight.numel()
            and output.dim() > 2
        ):
            yield "pos_weight lies along the last axis, not the classes", "silent/loss"
    elif isinstance(criterion, PAIRED) and output.shape != target.shape:
        yield (
            f"output {tuple(output.shape)} and target {tuple(target.shape)} are "
            "broadcast to all pairs",
            "silent/data",
        )
    elif isinstance(criterion, PAIRED[:4]) and (bounds := _bounded(model)):
        low, high = target.aminmax()
        if low < bounds[0] - 0.05 or high > bounds[1] + 0.05:
            yield "targets outside the range of the last activation", "silent/loss"


def _bounded(model) -> tuple[float, float] | None:
    """Range of the last activation, where the model ends in one."""
    *_, last = model.modules()
    return RANGES.get(type(last))


def _gradients(model, criterion, output, target, loss) -> Iterator[tuple[str, str]]:
    if torch.is_tensor(output) and torch.is_tensor(target):
        (grad,) = torch.autograd.grad(
            loss, output, retain_graph=True, allow_unused=True
        )
        if grad is None:
            yield "the loss does not depend on the output", "symptoms/loss"
            return
        kind = _reads(criterion, output.detach(), target)
        if kind == "sets":
            yield "the loss is the same for shuffled targets", "silent/data"
        # Of torch's own losses the signs are right.
        elif kind == "pairs" and not isinstance(criterion, nn.modules.loss._Loss):
            if _push(output.detach(), target, grad) > 0:
                yield (
                    "the loss falls as the output gets worse, check its sign",
                    "silent/loss",
                )
            elif _unbounded(criterion, output.detach(), target, loss):
                yield "the loss wants probabilities, not logits", "silent/loss"
    loss.backward()
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    none = [n for n, p in trained if p.grad is None]
    if none:
        yield f"backward does not reach {_list(none)}", "symptoms/loss"
    grads = {n: _values(p.grad) for n, p in trained if p.grad is not None}
    bad = [n for n, grad in grads.items() if not grad.isfinite().all()]
    if bad:
        yield f"the gradient of {_list(bad)} is not finite", "symptoms/loss"


def _reads(criterion, output, target) -> str:
    """Whether the loss reads targets in pairs with outputs, as sets, or not at all."""
    made_up = torch.rand_like(output)  # the model's own may still be all alike
    try:
        own, shuffled, one = (
            criterion(made_up, t)
            for t in (target, target.flip(0), target[:1].expand_as(target).clone())
        )
    except (RuntimeError, ValueError, IndexError):
        return "pairs"
    if len(target) < 4 or not torch.allclose(own, shuffled, rtol=1e-5):
        return "pairs"
    return "nothing" if torch.allclose(own, one) else "sets"


def _unbounded(criterion, output, target, loss) -> bool:
    """Whether sure and right logits cost less than nothing, or more than these."""
    binary = output.shape == target.shape and ((target == 0) | (target == 1)).all()
    if not binary or (output.min() >= 0 and output.max() <= 1):
        return False
    sure = criterion(20 * (2 * target.to(output.dtype) - 1), target)
    return bool(sure < -0.01 or sure > loss)


def _push(output, target, grad) -> float:
    """Above 0 where the gradient leads away from the target."""
    if target.dim() == 1 and output.dim() == 2 and not target.is_floating_point():
        if target.min() >= 0 and target.max() < output.shape[1]:
            return grad.gather(1, target[:, None]).sum().item()
    elif output.shape == target.shape and target.is_floating_point():
        if ((target == 0) | (target == 1)).all():
            return (grad * (2 * target - 1)).sum().item()
        return -(grad * (output - target)).sum().item()
    return 0.0


def _mixing(model, inputs) -> Iterator[tuple[str, str]]:
    """Whether the output of one sample depends on another sample."""
    model.eval()  # BatchNorm mixes them in train()
    output = model(inputs)
    for own in (0, -1) if output.requires_grad else ():
        (grad,) = torch.autograd.grad(
            output[own].sum(), inputs, retain_graph=True, allow_unused=True
        )
        size = 0 if grad is None else grad.abs().flatten(1).amax(1)
        if grad is not None and size.sum() > 1.00001 * size[own]:
            yield "one sample's output depends on others, check view", "silent/data"
            return


def _tokens(model, criterion, inputs, target) -> Iterator[tuple[str, str]]:
    """Whether numbers of tokens, (N, T), are used as they should be."""
    padding = inputs[:, -1].mode().values
    tail = (inputs.flip(1) == padding).cumprod(1).flip(1).bool()
    elsewhere = (inputs == padding)[~tail].float().mean()
    if tail.float().mean() > 0.15 and elsewhere < 0.01:
        output = model(inputs)
        (grad,) = torch.autograd.grad(criterion(output, target), output)
        if grad.dim() == 3 and grad.shape[1] != inputs.shape[1]:
            grad = grad.mT  # from (N, C, T)
        per_token = grad.numel() > inputs.numel() == target.numel()
        if per_token and grad.reshape(*inputs.shape, -1)[tail].any():
            yield f"does padding, {padding}, count as a target?", "silent/reduction"
    other = inputs.clone()
    if target.shape != inputs.shape:
        other[:, 1] = inputs[:, 1].roll(1)
        model.eval()
        change = (model(other) - model(inputs)).abs()
        if len(change) == len(inputs):
            unseen = change.flatten(1).amax(1)[other[:, 1] != inputs[:, 1]] < 1e-7
            if unseen.float().mean() > 0.5:
                yield (
                    "tokens without influence, is the mask inverted?",
                    "losses/language",
                )
        return
    if (target == inputs).float().mean() > 0.95:
        yield "the target is the input, not shifted", "silent/loss"
    elif (target[:, :-1] == inputs[:, 1:]).float().mean() > 0.95:
        other[:, -1] = inputs[:, 0]
        model.eval()
        change = (model(other) - model(inputs)).abs()
        # The place is the axis after the first that is as long as the inputs.
        axis = 1 if change.shape[1] == inputs.shape[1] else change.dim() - 1
        if change.movedim(axis, 1)[:, :-1].max() > 1e-5:
            yield "a place sees the tokens after it", "losses/language"


def _steps(optimizer, model, criterion, inputs, target) -> Iterator[tuple[str, str]]:
    """What some steps on this batch do."""
    fresh = not optimizer.state
    before = [p.detach().clone() for p in model.parameters() if p.requires_grad]
    size = math.sqrt(sum(p.square().sum().item() for p in before)) + 1e-12
    backup = copy.deepcopy((model, criterion))
    try:
        losses = _train(model, criterion, optimizer, inputs, target, 25)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        yield f"a step raises {error!r:.90}", "messages/steps"
        return
    after = [p.detach() for p in model.parameters() if p.requires_grad]
    moved = sum(
        (p - q).square().sum().item() for p, q in zip(after, before, strict=True)
    )
    if fresh and isinstance(criterion, nn.CrossEntropyLoss):
        classes = model(inputs).shape[1]
        if losses[0] > 3 * math.log(classes) + 1:
            yield f"the first loss is {losses[0]:.1f}, not ln C", "training/monitoring"
    if not all(map(math.isfinite, losses)) or losses[-1] > 1.5 * abs(losses[0]) + 0.1:
        yield (
            f"the loss goes from {losses[0]:.2g} to {losses[-1]:.2g} in 25 steps on "
            "one batch",
            "training/learning_rate",
        )
        return
    if math.sqrt(moved) < 1e-6 * size:
        yield "the weights hardly move", "training/learning_rate"
    still = [
        n
        for n, p in model.named_parameters()
        if p.grad is not None and p.numel() > 1 and not _values(p.grad).any()
    ]
    if still:
        yield f"the gradient of {_list(still)} is 0", "symptoms/loss"
    output = model.eval()(inputs)
    if torch.is_tensor(output) and output.dim() and output.std(0).max() < 1e-6:
        yield "the output is the same for every input", "symptoms/loss"
    whole = torch.is_tensor(target) and not (
        target.is_floating_point() and target.std() > 0.51
    )
    if whole and min(losses) < -0.01:
        yield f"the loss falls below 0, to {min(losses):.2g}", "symptoms/loss"
    if losses[-1] < 0.8 * losses[0]:
        return
    model, criterion = backup
    adam = torch.optim.Adam([p for p in _parameters(*backup) if p.requires_grad], 3e-3)
    losses = _train(model, criterion, adam, inputs, target, 60)
    if losses[0] > 0.05 and min(losses[-5:]) > 0.9 * losses[0]:
        yield (
            f"one batch is not learned by heart: {losses[0]:.2g} to {losses[-1]:.2g}",
            "symptoms/loss",
        )


def _train(model, criterion, optimizer, inputs, target, steps) -> list[float]:
    losses = []
    for _ in range(steps):

        def closure():
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            return loss

        losses.append(float(optimizer.step(closure)))
    return losses


def _schedule(optimizer, scheduler) -> Iterator[tuple[str, str]]:
    """The factor of the learning rate in the next thousand steps."""
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    if not isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler):
        return
    if isinstance(scheduler, plateau) or scheduler.optimizer is not optimizer:
        return
    start = optimizer.param_groups[0].get("initial_lr", 0)
    rates = []
    for _ in range(1000):
        try:
            scheduler.step()
        except ValueError:  # its last step
            break
        rates.append(float(optimizer.param_groups[0]["lr"]))
    if rates and max(rates) < 0.02 * start:
        yield "the schedule stays below 2 % of the rate", "silent/schedule"
    if len(rates) > 2 and rates[0] < 0.5 * start and rates[2] < 0.02 * rates[0]:
        yield "the rate is gone after three steps", "silent/schedule"
    if rates and max(rates) > 100 * start:
        yield "the schedule multiplies the rate by over 100", "silent/schedule"
    if rates and min(rates) < 0:
        yield "the schedule makes the rate negative", "silent/schedule"


def _parameters(model, criterion) -> list[Tensor]:
    own = criterion.parameters() if isinstance(criterion, nn.Module) else ()
    return [*model.parameters(), *own]


def _values(grad: Tensor) -> Tensor:
    return grad.coalesce().values() if grad.is_sparse else grad


def _list(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(sorted(names)[:3]) + more
