"""Looks at a training set-up, and says in words what is wrong with it."""

import contextlib
import copy
import difflib
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.overrides import TorchFunctionMode

Faults = Iterator[tuple[str, str]]
LOSS, DATA = "troubleshoot/silent/loss", "troubleshoot/silent/data"
HELD, PLAN = "troubleshoot/silent/optimizer", "troubleshoot/silent/schedule"
EVAL, CURVE = "troubleshoot/silent/evaluation", "troubleshoot/symptoms/loss"
HALF, MEAN = "troubleshoot/silent/precision", "troubleshoot/silent/reduction"
GRAPH, RATE = "troubleshoot/messages/autograd", "training/learning_rate"
CALLS, RARE = "troubleshoot/messages/criterion", "losses/imbalance"
REMEDY, TEXTS = "choose/remedy", "losses/language"
OWN = nn.modules.loss._Loss
NUMBERS = nn.MSELoss | nn.L1Loss | nn.SmoothL1Loss | nn.HuberLoss
BINARY = nn.BCELoss | nn.BCEWithLogitsLoss
CLASSES = nn.CrossEntropyLoss | nn.NLLLoss
PAIRED = NUMBERS | BINARY | nn.PoissonNLLLoss
LOGITS = nn.CrossEntropyLoss | nn.BCEWithLogitsLoss
BATCH_NORM = nn.modules.batchnorm._BatchNorm
NORMS = BATCH_NORM | nn.LayerNorm | nn.GroupNorm | nn.RMSNorm
LAYERS = nn.Linear | nn.modules.conv._ConvNd
RANGES = {"Sigmoid": (0, 1), "Softmax": (0, 1), "Tanh": (-1, 1)}
POSITIVE = dict.fromkeys(("Relu", "Softplus", "Exp"), (0, math.inf))
RANGES |= POSITIVE
# What only gives another shape to the output, by its names in the graph.
SHAPES = {"View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Select"}
SHAPES |= {"Slice", "Transpose", "Permute", "T", "ToCopy", "Alias", "Clone"}


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

    It takes a few dozen steps on copies, for which there must be memory. The model
    itself and the state of torch's random numbers do not change.

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
        >>> print(*doctor(model, nn.CrossEntropyLoss(), adam, *batch))
        the model ends in probabilities, the loss wants logits: troubleshoot/silent/loss
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model)}")
    if not isinstance(optimizer, torch.optim.Optimizer):
        kind = type(optimizer)
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {kind}")
    scale = 1.0 if scaler is None else scaler.get_scale()
    faults = [*_wiring(model, criterion, optimizer, scheduler, scale)]
    parts = optimizer, model, criterion, inputs, target, scale
    checks = (_data, _output, _steps) if _trained(model, criterion) else (_data,)
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rates = _rates(optimizer, scheduler)
        peak = [max(column) for column in zip(*rates, strict=True)] or _now(optimizer)
        faults += _groups(optimizer, criterion, peak)
        for check in checks:
            torch.manual_seed(0)
            found: list = []
            with contextlib.suppress(Exception):  # what it cannot read is no fault
                new, *rest = _copy(*parts)
                for group, high, lr in zip(
                    new.param_groups, peak, _now(new), strict=True
                ):
                    if 0.3 * high > lr:
                        group["lr"] = 0.3 * high  # in the midst of the warm-up
                found.extend(check(new, *rest))
            faults += found
            if found and check is not _data:
                break  # what follows from a wrong output is no fault of its own
    faults += _schedule(optimizer, scheduler, rates)
    return [f"{what}: {page}" for what, page in dict.fromkeys(faults)]


def _rates(optimizer, scheduler) -> list[list[float]]:
    """Of each group, in the next thousand steps; none if it waits for a metric."""
    rates: list = []
    with contextlib.suppress(Exception):
        optimizer, scheduler = _copy(optimizer, scheduler)
        for _ in range(1000):  # or until its last step
            scheduler.step()
            rates.append(_now(optimizer))
    return rates


def _now(optimizer) -> list[float]:
    """The learning rates of its groups; some optimizers have none."""
    rates = [group.get("lr", math.nan) for group in optimizer.param_groups]
    return [math.nan if rate is None else float(rate) for rate in rates]


def _copy(optimizer, *parts) -> tuple:
    """A copy of the optimizer, and of the parts, which share the copied parameters."""
    new = object.__new__(type(optimizer))
    memo: dict = {id(optimizer): new}
    # A scheduler has put a `step` there that is bound to the original.
    own = {key: value for key, value in vars(optimizer).items() if key != "step"}
    with _Leaves():
        vars(new).update(copy.deepcopy(own, memo))
        return (new, *copy.deepcopy(parts, memo))


class _Leaves(TorchFunctionMode):
    """Copies what is from another graph, or kept by a forward pass, as a leaf."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is not Tensor.__deepcopy__ or args[0].is_leaf:
            return func(*args, **(kwargs or {}))
        return args[0].detach().clone().requires_grad_()


def _wiring(model, criterion, optimizer, scheduler, scale) -> Faults:
    """What can be seen without running anything."""
    named = [*model.named_parameters()]
    if isinstance(criterion, nn.Module):
        named += criterion.named_parameters("criterion")
    names = {id(p): n for n, p in named}
    trained = {id(p): p for _, p in named if p.requires_grad}
    own = [p for group in optimizer.param_groups for p in group["params"]]
    held = {id(p) for p in own}
    left = [names[key] for key in trained.keys() - held]
    # A criterion or a second model may own what is foreign, if nothing is left out.
    foreign = bool(left) and not held <= names.keys()
    # A part that was trained before may be left out on purpose, to freeze it.
    weights = [p for k, p in trained.items() if k not in held and p.dim() > 1]
    part = isinstance(optimizer, torch.optim.Muon | torch.optim.SparseAdam)
    part = part or bool(weights) and not any(map(_fresh, weights))
    if foreign or left and not part:
        yield f"not in the optimizer: {_list(left)}", HELD
    if foreign:
        yield "the optimizer holds parameters of another model", HELD
    if len(held) < len(own):
        yield "the optimizer holds a parameter twice", HELD
    if not trained and not any(p.requires_grad for p in own):
        yield "no parameter requires a gradient", GRAPH
    modes = False
    for name, module in model.named_modules():
        modes |= _unused(module) or isinstance(module, nn.Dropout) and module.p > 0
        yield from _module(name, module, model)
        yield from _hidden(name, module, names.keys() | held)
    if modes and not model.training:
        yield "the model is in eval()", EVAL
    # Those of the last step may be there, `zero_grad` comes before the next one.
    if _new(optimizer) and any(p.grad is not None and p.grad.any() for p in own):
        yield "gradients are left from before, backward adds", HELD
    driven = getattr(getattr(scheduler, "optimizer", None), "param_groups", None)
    if driven and not any(a is b for a in driven for b in optimizer.param_groups):
        yield "the scheduler drives another optimizer", PLAN
    if scale < 1:
        yield f"the scale has fallen to {scale:.0e}", HALF


def _module(name, module, model) -> Faults:
    """What can be seen of one module."""
    own = list(module.parameters(recurse=False))
    if isinstance(module, BATCH_NORM) and module.training and own:
        order = list(model.parameters())
        place = next(i for i, p in enumerate(order) if p is own[0])
        # A critic is frozen as a whole, after what is trained.
        around = [p.requires_grad for p in order[max(place - 1, 0) :]]
        critic = any(p.requires_grad for p in order[:place]) and not any(around)
        counts = module.running_mean is not None and not critic
        if counts and not any(p.requires_grad for p in own):
            yield f"frozen BatchNorm {name} updates its statistics", HELD
        elif module.momentum == 0 and _unused(module):
            yield f"BatchNorm {name} has momentum 0, no update", EVAL
    if isinstance(module, nn.Dropout) and module.p > 0.9:
        yield f"dropout {name} drops {module.p:.0%}", REMEDY
    if isinstance(module, LAYERS) and getattr(module, "groups", 1) == 1:
        w = module.weight
        if len(w) > 1 and w.requires_grad and w.any() and _constant(w):
            yield f"all units of {name} start alike", CURVE
    inner = [m for m in module.children() if not isinstance(m, nn.Identity)]
    pairs = zip(inner, inner[1:], strict=False)
    for a, b in pairs if type(module) is nn.Sequential else ():
        # A narrow one would be a bottleneck, one that was trained keeps its head.
        linear = type(a) is type(b) is nn.Linear and _fresh(a.weight)
        if linear and a.out_features > min(a.in_features, b.out_features):
            yield "two linear layers with nothing between", REMEDY


def _hidden(name, module, known) -> Faults:
    """What should be trained, but is in no parameter or submodule."""
    for attribute, value in vars(module).items():
        items = value.values() if isinstance(value, dict) else value
        items = items if isinstance(value, dict | list | tuple) else [value]
        lost = [x for x in items if torch.is_tensor(x) and x.is_leaf]
        layers = [x for x in items if isinstance(x, nn.Module) and x.training]
        # A layer by itself is hidden on purpose, a teacher for instance.
        lost += [p for x in layers if x is not value for p in x.parameters()]
        found = any(x.requires_grad and id(x) not in known for x in lost)
        if found and not attribute.startswith("_"):
            kind = "tensor" if value is lost[0] else "list or dict of layers"
            yield f"a plain {kind}, {f'{name}.{attribute}'.lstrip('.')}", HELD


def _groups(optimizer, criterion, peak) -> Faults:
    """What stands in the parameter groups and in the state of torch's optimizers."""
    if all(rate <= 0 for rate in peak):
        yield f"the learning rate is {max(peak)}", PLAN
    if not type(optimizer).__module__.startswith("torch.optim"):
        return
    known = {*optimizer.defaults, "params", "param_names", "initial_lr", "swa_lr"}
    known |= {"max_lr", "min_lr", "base_momentum", "max_momentum"}
    if hasattr(optimizer, "lr"):
        yield "optimizer.lr is read by nobody, set group['lr']", HELD
    apart = isinstance(optimizer, torch.optim.AdamW | torch.optim.Muon)
    kind = type(optimizer).__name__
    least = {"Adadelta": 0.01, "LBFGS": 1e-3}.get(kind, 0)
    for group, lr in zip(optimizer.param_groups, peak, strict=True):
        for key in group.keys() - known:
            if len(key) > 3 and difflib.get_close_matches(key, known, cutoff=0.8):
                yield f"no option is called {key!r}", HELD
        if group.get("maximize") and isinstance(criterion, OWN):
            yield "maximize=True climbs the loss", "optimizers/reference"
        if 0 < lr < least and not group.get("line_search_fn"):
            yield f"{kind} at a rate of {lr}, not 1", RATE
        decay = group.get("weight_decay") or 0
        if decay < 0 or lr * decay > (0.02 if apart else 1):
            yield f"weight decay {decay} at lr {lr}", "training/weight_decay"
        beta1, beta2 = group.get("betas", (0, 1))[:2]
        momentum = group.get("momentum") or 0.9
        if beta1 > beta2 or beta2 < 0.5 or not 0.01 < momentum <= 0.995:
            yield "momentum or betas out of the usual range", "training/momentum"
    for p, state in optimizer.state.items():
        for key, value in state.items():
            if key in {"exp_avg", "exp_avg_sq"} and value.shape != p.shape:
                yield "state of another parameter", "troubleshoot/silent/checkpoint"
            if not _finite(value) and value.numel() > 1:
                yield f"{key} in the optimizer's state is not finite", CURVE


def _data(optimizer, model, criterion, inputs, target, scale) -> Faults:
    """The batch by itself."""
    if torch.is_tensor(inputs) and inputs.is_floating_point() and len(inputs) > 1:
        yield from _inputs(model, inputs, target)
    if not torch.is_tensor(target):
        return
    if target.requires_grad and not isinstance(target, nn.Parameter):
        yield "the target has a gradient, detach it", LOSS
    if isinstance(criterion, CLASSES):
        yield from _classes(criterion, target)
    elif isinstance(criterion, nn.BCEWithLogitsLoss) and criterion.weight is None:
        low, high = target.aminmax()
        if low < 0 or high > 1:
            yield f"binary targets from {low:.3g} to {high:.3g}", LOSS
        share, weight = target.mean().clamp(1e-6, 0.9), criterion.pos_weight
        # Positives over negatives, and not the other way round.
        ratio = 0 if weight is None else weight.mean() * (1 - share) / share
        if 0.7 < ratio < 1.4 and share < 0.35:
            yield "pos_weight is upside down", RARE
    elif isinstance(criterion, NUMBERS) and not target.is_floating_point():
        yield "whole numbers as targets, are they classes?", LOSS
    elif isinstance(criterion, nn.KLDivLoss) and criterion.reduction == "mean":
        yield "KLDivLoss divides by the classes too, use batchmean", MEAN


def _inputs(model, inputs, target) -> Faults:
    """Inputs that are not scaled, all the same, or know the answer."""
    if inputs.abs().max() > 100 and inputs.std() > 10:
        calls = [c for c in _calls(model, inputs)[1] if [*c[0].parameters(False)]]
        (first, (x, *_), out), (second, *_) = (2 * calls)[:2]
        normed = isinstance(first, NORMS) or isinstance(second, NORMS)
        if not normed and x.abs().max() > 100 and out.std() > 10:
            low, high = inputs.aminmax()
            yield f"inputs from {low:.0f} to {high:.0f}, not scaled", DATA
    if _constant(inputs) and not _constant(target):
        if _constant(model.eval()(inputs)):
            yield "all samples are the same", CURVE
    elif inputs.dim() == 2 and inputs.shape[1] > 1 and target.dim() == 1:
        table = torch.cat([target.to(inputs)[:, None], inputs], 1)
        near = torch.corrcoef(table.T)[0, 1:].abs().nan_to_num().max() > 0.9999
        same = (table[:, :1] == inputs).all(0).any()
        if same or near and not target.is_floating_point():
            yield "a column of the inputs is the target", DATA


def _calls(model, inputs) -> tuple[Any, list]:
    """The output, and for each call of a module: itself, its inputs, its output."""
    calls: list = []
    with register_module_forward_hook(lambda *call: calls.append(call)):
        return model(inputs), calls


def _classes(criterion, target) -> Faults:
    """Soft labels, labels that are ignored, weights of the classes."""
    if target.is_floating_point():
        if ((target == 0) | (target == 1)).all() and target.sum(1).max() > 1:
            yield "class probabilities do not sum to 1, several labels?", LOSS
        entropies = torch.special.entr(torch.cat([target.mean(0, True), target])).sum(1)
        if 0 < entropies[0] < 1.002 * entropies[1:].mean() and len(target) > 8:
            yield "the soft labels are all alike", LOSS
        return
    if (target == criterion.ignore_index).all():
        yield "every target is ignored", MEAN
    if (weight := criterion.weight) is None:
        return
    counts = torch.tensor([(target == c).sum() for c in range(len(weight))])
    if (weight < 0).any() or target.dim() == 1 and (weight[counts > 0] == 0).any():
        yield "a class of the batch has weight 0 or less", RARE
    elif counts.max() > 4 * counts[counts > 0].min():
        ratio = (weight / counts)[counts > 0]
        if ratio.std() < 0.35 * ratio.mean():
            yield "the frequent class has the larger weight", RARE


def _output(*parts) -> Faults:
    """The output and the loss."""
    _, model, criterion, inputs, target, _ = parts
    leaf = torch.is_tensor(inputs) and inputs.is_floating_point()
    if leaf:
        inputs = inputs.detach().requires_grad_()
    output, calls = _calls(model, inputs)
    both = torch.is_tensor(output) and torch.is_tensor(target)
    found = [*_layers(criterion, output, calls)]
    found += _fits(model, criterion, output, target) if both else ()
    yield from found
    if found:
        return
    with _Losses() as losses:
        loss = criterion(output, target)
    yield from losses.faults
    if loss.numel() != 1:
        yield f"the loss has shape {tuple(loss.shape)}, reduce it", GRAPH
    elif not loss.isfinite():
        named = {"inputs": inputs, "target": target, "output": output}
        bad = [name for name, x in named.items() if not _finite(x)]
        yield f"not finite: {', '.join(bad) or 'the loss'}", CURVE
    elif not loss.requires_grad or loss.grad_fn is None:
        yield "the loss has no graph", CURVE
    else:
        yield from _gradients(parts, output, loss)
        if leaf and torch.is_tensor(output) and len(output) == len(inputs) > 7:
            yield from _mixing(model, inputs)
        elif both and torch.is_tensor(inputs) and inputs.dim() == 2 and not leaf:
            yield from _tokens(model, criterion, inputs, target)


def _layers(criterion, output, calls) -> Faults:
    """What some layers are given, and whether a dropout is the last."""
    ends = isinstance(criterion, NUMBERS)
    for module, given, out in calls:
        trains = module.training and bool(given)
        norm = trains and isinstance(module, BATCH_NORM)
        if norm and given[0].numel() == 2 * given[0].shape[1]:
            yield "BatchNorm over 2 values a channel makes them 1 and -1", CALLS
        drops = trains and ends and isinstance(module, nn.Dropout) and module.p > 0
        # One that is added to in place has no zeros.
        if drops and out.data_ptr() == output.data_ptr() and (output == 0).any():
            yield "dropout after the last layer", REMEDY


class _Losses(TorchFunctionMode):
    """Looks at what torch's own loss functions are given, wherever they are called."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name, options = getattr(func, "__name__", ""), kwargs or {}
        if args and torch.is_tensor(args[0]):
            self.faults += _given(name, args[0], args[1:], options)
        return func(*args, **options)


def _given(name, output, rest, options) -> Faults:
    """What is wrong with the arguments of one call of a loss function."""
    signs = {"cosine_embedding_loss": 1, "margin_ranking_loss": 1}
    place = (signs | {"hinge_embedding_loss": 0, "soft_margin_loss": 0}).get(name, 9)
    if place < len(rest) and (rest[place].abs() != 1).any():
        yield f"{name} wants targets of 1 and -1", LOSS
    two = rest and name == "multilabel_margin_loss" and rest[0].dim() == 2
    if two and ((rest[0] == 0) | (rest[0] == 1)).all() and rest[0].shape[1] > 2:
        yield f"{name} wants numbers of classes, not zeros and ones", LOSS
    far = name == "kl_div" and output.max() > 1e-3
    # Later frames may be padding.
    far = far or name == "ctc_loss" and output[0].logsumexp(-1).abs().max() > 0.05
    log = name == "poisson_nll_loss" and _last(output) in POSITIVE
    if far or log and options.get("log_input"):
        yield f"{name} wants logarithms", LOSS


def _fits(model, criterion, output, target) -> Faults:
    """Output and target as this criterion wants them."""
    yield from _order(model, criterion, output, target)
    last, output = _last(output), output.detach()
    columns = output.shape[1] if output.dim() > 1 else 0
    entropy = isinstance(criterion, nn.CrossEntropyLoss)
    if entropy and columns == 1:
        yield "CrossEntropyLoss over one column is 0", "start/criterion"
    elif entropy and last == "Softmax" and not _sums_to_1(output):
        yield "softmax over the batch, not over the classes", DATA
    elif isinstance(criterion, LOGITS) and last in {"Sigmoid", "Softmax"}:
        yield "the model ends in probabilities, the loss wants logits", LOSS
    elif isinstance(criterion, LOGITS) and last in RANGES:
        yield "the logits are cut off by the last activation", LOSS
    elif isinstance(criterion, nn.NLLLoss) and not _sums_to_1(output.exp()):
        yield "the loss wants log-probabilities over dim 1", LOSS
    elif isinstance(criterion, nn.KLDivLoss):
        total = (target.exp() if criterion.log_target else target).double()
        sums = [total.sum(d) for d in range(1, total.dim())] + [total.flatten(1).sum(1)]
        if not any(((t - 1).abs() < 1e-2).logical_or(t == 0).all() for t in sums):
            yield "the target is no distribution over dim 1", LOSS
    elif isinstance(criterion, PAIRED) and output.shape != target.shape:
        pairs = torch.broadcast_shapes(output.shape, target.shape)
        if pairs.numel() > max(output.numel(), target.numel()):
            shapes = f"output {tuple(output.shape)} and target {tuple(target.shape)}"
            yield f"{shapes} are broadcast to all pairs", DATA
    elif isinstance(criterion, NUMBERS) and last in RANGES:
        low, high = RANGES[last]
        if ((target < low - 0.05) | (target > high + 0.05)).float().mean() > 0.1:
            yield "targets outside the range of the last activation", LOSS
    weight = getattr(criterion, "pos_weight", None)
    several = weight is not None and weight.dim() == 1 and output.dim() > 3
    if several and columns == weight.numel() > 1:
        yield "pos_weight lies along the last axis, not the classes", LOSS


def _sums_to_1(x) -> bool:
    """Over the classes."""
    return not ((x.sum(min(1, x.dim() - 1)) - 1).abs() > 5e-2).any()


def _order(model, criterion, output, target) -> Faults:
    """One class only, or one after the other."""
    *_, last = [p for m in model.modules() for p in m.parameters(recurse=False)]
    kinds, counts = target.unique(return_counts=True)
    several = isinstance(criterion, CLASSES) and target.dim() == 1 < output.dim()
    full = several and len(target) >= 8 and len(last) == output.shape[1] > 2
    # A generator wants its critic, which is frozen, to say 1.
    binary = isinstance(criterion, BINARY) and last.requires_grad
    full = full or binary and output.numel() == len(target) >= 100
    few = several and 1 < len(kinds) <= output.shape[1] / 2
    if full and len(kinds) == 1:
        yield "one class in the batch, is the data sorted?", DATA
    elif few and len(counts.unique()) > 1 and (target.diff() >= 0).all():
        yield "the batch is sorted by label", DATA


def _last(output) -> str:
    """What the graph of the output ends in, `Softmax` for instance."""
    node, name = output.grad_fn, ""
    while node is not None:
        name = node.name().split("Backward")[0]
        node = node.next_functions[0][0] if name in SHAPES else None
    return name


def _gradients(parts, output, loss) -> Faults:
    """Which parameters the loss reaches, and with what."""
    optimizer, model, criterion, _, target, scale = parts
    if torch.is_tensor(output) and torch.is_tensor(target):
        if torch.autograd.grad(loss, output, None, True, allow_unused=True)[0] is None:
            yield "the loss does not depend on the output", CURVE
            return
        up = -1 if optimizer.param_groups[0].get("maximize") else 1
        with contextlib.suppress(RuntimeError, ValueError, IndexError):
            yield from _means(criterion, output.detach(), target, up)
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    _backward(loss, [p for _, p in trained], scale)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    # What comes after all that is reached may be the head of another task.
    end = max([i for i, (_, p) in enumerate(trained) if p.grad is not None] or [-1])
    none = [n for n, p in trained[: end + 1] if p.grad is None and id(p) in held]
    if none := _alone(model, none):
        yield f"backward does not reach {_list(none)}", CURVE
    if bad := [n for n, p in trained if not _finite(_values(p))]:
        yield f"the gradient of {_list(bad)} is not finite", CURVE


def _means(criterion, output, target, up) -> Faults:
    """What the criterion says of outputs that are right, wrong, or far away."""

    def cost(made_up, target=target) -> float:
        return up * float(criterion(made_up.to(output.dtype), target))

    own = isinstance(criterion, OWN)  # the signs of torch are right
    paired = output.numel() == target.numel() and target.is_floating_point()
    wrong = "the loss falls as the output gets worse, check its sign", LOSS
    if paired and not _constant(target) and len(target) > 3:
        right = target.reshape(output.shape)
        level = right.mean().expand_as(right)
        noise = level + right.std() * torch.randn_like(right)
        near, first = cost(noise), cost(noise, target[:1].expand_as(target))
        shuffled = abs(cost(noise, target.flip(0)) - near)
        if shuffled < 1e-5 * max(abs(near), abs(first)) and first != near:
            # For distances of distributions a constant is not as good as the target.
            if cost(right) >= cost(level) - 1e-6 * abs(near):
                yield "the loss is the same for shuffled targets", DATA
        elif own:
            return
        elif ((right == 0) | (right == 1)).all():
            sure, logits = 20 * (2 * right - 1), output.min() < 0
            if logits and cost(sure) > cost(-sure) + 1e-3:  # they are no distances
                yield wrong
            far = (logits or output.max() > 1) and abs(cost(right)) < 1e-3
            if far and cost(20 * right) < -0.01:
                yield "the loss wants probabilities, not logits", LOSS
        elif all(
            cost(right + 100 * side) < cost(right + 10 * side) < cost(right) - 1e-3
            for side in (right.std(), -right.std())
        ):
            yield wrong
    elif not own and target.dim() == 1 < output.dim() == 2 and not paired:
        if target.is_floating_point() or target.max() >= output.shape[1]:
            return
        right = nn.functional.one_hot(target, output.shape[1])
        if output.min() < 0 and cost(20 * right) > cost(20 * right.roll(1, 1)) + 1e-3:
            yield wrong
        elif not _sums_to_1(output.exp()) and cost(40 * right) < -39.9:
            yield "the loss falls below 0 without end, wants logarithms", LOSS


def _mixing(model, inputs) -> Faults:
    """Whether one sample's output depends on others that lie beside each other."""
    # Graphs take others from anywhere, statistics of the batch take all.
    model.eval()  # BatchNorm mixes them in train()
    output, count = model(inputs), len(inputs)
    if inputs.dim() > 2 and output.shape[:2] == inputs.shape[:2]:
        return  # the time may come first
    beside, whole, strange = True, True, False
    for own in (0, count // 2, count - 1):
        (grad,) = torch.autograd.grad(output[own].sum(), inputs, retain_graph=True)
        seen = grad.flatten(1).any(1).nonzero().flatten().tolist()
        beside &= bool(seen) and seen[-1] - seen[0] + 1 == len(seen)
        whole &= len(seen) == count
        # The rows of a table may be the steps of a series, which see those before.
        strange |= own not in seen or inputs.dim() > 2 and len(seen) > 1
    if beside and strange and not whole:
        yield "one sample's output depends on others, check view", DATA


def _tokens(model, criterion, inputs, target) -> Faults:
    """Whether numbers of tokens, (N, T), are used as they should be."""
    padding = inputs[:, -1].mode().values
    tail = (inputs.flip(1) == padding).cumprod(1).flip(1).bool()
    elsewhere = (inputs == padding)[~tail].float().mean()
    output = model(inputs)
    if target.shape == inputs.shape and tail.float().mean() > 0.15 and elsewhere < 0.01:
        (grad,) = torch.autograd.grad(criterion(output, target), output)
        if grad.dim() == 3 and grad.shape[1] != inputs.shape[1]:
            grad = grad.mT  # from (N, C, T)
        silent = (target[tail] == padding).float().mean() > 0.9
        if silent and grad.reshape(*inputs.shape, -1)[tail].any():
            yield f"does padding, {padding}, count as a target?", MEAN
    model.eval()
    output = model(inputs)

    def change(place) -> Tensor:
        """In the outputs, when the tokens at these places are those of another row."""
        other, rows = inputs.clone(), torch.arange(len(inputs))
        other[rows, place] = inputs[rows, place].roll(1)
        return (model(other) - output).abs()

    if target.shape != inputs.shape:
        texts = any(isinstance(m, nn.Embedding) for m in model.modules())
        if not texts or inputs.shape[1] < 4 or len(output) != len(inputs):
            return
        ends = [change(at).flatten(1).amax(1) for at in (1, (~tail).sum(1) - 1)]
        if all((end < 1e-7).float().mean() > 0.5 for end in ends):
            yield "tokens without influence, is the mask inverted?", TEXTS
        return
    # The place is the axis after the first that is as long as the inputs.
    axis = 1 if output.shape[1] == inputs.shape[1] else output.dim() - 1
    early = change(-1).movedim(axis, 1)[:, :-1].max()
    ahead = early > 1e-5 * (1 + output.abs().max())
    if (target == inputs).float().mean() > 0.95 and not ahead:
        made_up = 30 * nn.functional.one_hot(inputs, output.shape[3 - axis]).to(output)
        if criterion(made_up if axis == 1 else made_up.mT, target) < 0.01:  # no shift
            yield "the target is the input, not shifted", LOSS
    elif (target[:, :-1] == inputs[:, 1:]).float().mean() > 0.95 and ahead:
        yield "a place sees the tokens after it", TEXTS


def _steps(*parts) -> Faults:
    """What some steps on this batch do."""
    optimizer, model, criterion, inputs, target, _ = parts
    spare, fresh = _copy(*parts), _new(optimizer)
    trained = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    size = math.sqrt(sum(p.square().sum().item() for p in before)) + 1e-12
    output = model(inputs)
    try:
        losses = _train(parts, 25)
    except Exception as error:
        if "heckpoint" not in str(error):  # it takes no backward of some inputs
            yield f"a step raises {error!r:.90}", "troubleshoot/messages/steps"
        return
    first, now = losses[0], losses[-1]
    uniform = _uniform(criterion, output, target)
    if uniform and first > 3 * uniform + 1 and not now < uniform:
        yield f"the first loss is {first:.1f}, not ln C", "training/monitoring"
    slow = not now < first - 0.2 * abs(first)
    # What the best constant output costs; far below it all is learned.
    floor = _best(criterion, output[:1], output, target) if slow else -math.inf
    if first < 0.5 * floor and math.isfinite(now):
        return
    if not now <= 1.5 * abs(first) + 0.1:
        later = [now]
        with contextlib.suppress(Exception):
            later = _train(parts, 75)[-10:]
        if not min(later) < first - 0.05 * abs(first):
            change = f"{first:.2g} to {now:.2g} in 25 steps on one batch"
            yield f"the loss goes from {change}", RATE
        return
    pairs = [*zip(trained, before, strict=True)]
    moved = math.sqrt(sum((p - q).square().sum().item() for p, q in pairs))
    half = [x for x in pairs if x[0].dtype in {torch.float16, torch.bfloat16}]
    lost = [(p == q)[p.grad != 0] for p, q in half if p.grad is not None]
    if lost and (share := torch.cat(lost).float().mean()) > 0.5:
        yield f"parameters in half precision lose {share:.0%} of their updates", HALF
    # Of a loss that has reached 0, no gradient is left.
    still = [] if now == 0 and (first > 0 or not fresh) else _still(model)
    if still:
        yield f"the gradient of {_list(still)} is 0", CURVE
    output = model.eval()(inputs)
    both = torch.is_tensor(output) and torch.is_tensor(inputs) and output.dim() > 0
    if both and not _constant(inputs) and not _constant(target):
        flat = (output - output[:1]).abs().max() <= 1e-7 * output.abs().max()
        if flat and len(output) == len(inputs) > 1:
            yield "the output is the same for every input", CURVE
    whole = torch.is_tensor(target) and not target.is_floating_point()
    if isinstance(criterion, CLASSES | BINARY) and whole and min(losses) < -0.01:
        yield f"the loss falls below 0, to {min(losses):.2g}", CURVE
    if slow and not still:
        yield from _learning(spare, first, now, moved / size)


def _learning(spare, first, now, moved) -> Faults:
    """Why the optimizer does not learn the batch, if another does."""
    optimizer, model, criterion, inputs, target, scale = spare
    pages = {"weight_decay": "training/weight_decay", "eps": "training/momentum"}
    for key, page in pages.items() if _new(optimizer) else ():
        value = optimizer.param_groups[0].get(key)
        if not isinstance(value, float) or value < 1e-3:
            continue
        parts = _copy(*spare)
        for group in parts[0].param_groups:
            group[key] = 1e-8
        losses = _train(parts, 25)
        if losses[0] - losses[-1] > max(5 * (first - now), 0.05 * abs(first)):
            yield f"{key} is {value}, without it the loss falls", page
            return
    losses = _adam(spare, 3e-3)
    if min(losses[-5:]) < 0.9 * losses[0]:
        if moved < 1e-4 and first - now < 0.005 * abs(first):
            yield "the weights hardly move", RATE
        return
    rows: list = []
    for i, row in enumerate(target[:64]):
        if len(rows) < 4 and not any(row.equal(target[j]) for j in rows):
            rows.append(i)
    if len(rows) < 2 or len(inputs) != len(target):
        return
    inputs, target = inputs[rows], target[rows]
    few = optimizer, model, criterion, inputs, target, scale
    output = _copy(*few)[1](inputs)
    constant = _best(criterion, output[:1], output, target)
    free = _best(criterion, output, output, target)
    if not constant > max(2 * free, 1e-3):
        return
    if min(_adam(few, 3e-3) + _adam(few, 1e-2)) > 0.98 * constant:
        change = f"{first:.2g} to {losses[-1]:.2g}"
        learned = f"one batch is not learned by heart: {change}", CURVE
        size = target.abs().mean() if isinstance(criterion, NUMBERS) else 0
        yield (f"targets of size {size:.0f}", DATA) if size > 100 else learned


def _adam(spare, lr) -> list[float]:
    """The losses of sixty steps of Adam instead."""
    _, *parts = _copy(*spare)
    return _train((torch.optim.Adam(_trained(*parts[:2]), lr), *parts), 60)


def _train(parts, steps) -> list[float]:
    """The losses, which fall where the optimizer does what it is asked."""
    optimizer, model, criterion, inputs, target, scale = parts
    losses, up = [], -1 if optimizer.param_groups[0].get("maximize") else 1

    def closure():
        optimizer.zero_grad()
        loss = criterion(model(inputs), target)
        _backward(loss, _trained(model, criterion), scale)
        return loss

    for _ in range(steps):
        losses.append(up * float(closure()))
        try:
            optimizer.step()
        except (TypeError, AssertionError, RuntimeError):
            optimizer.step(closure)
    return losses


def _backward(loss, trained, scale) -> None:
    """As with a scaler: of less than its scale where a gradient overflows."""
    (loss * scale).backward(inputs=trained, retain_graph=scale > 1)
    if scale > 1 and not all(_finite(_values(p)) for p in trained):
        for p in trained:
            p.grad = None
        return _backward(loss, trained, max(scale / 8, 1.0))
    for grad in [p.grad for p in trained if p.grad is not None]:
        grad /= scale


def _best(criterion, start, output, target) -> float:
    """The least loss of free outputs, one for all or each its own; -inf if unknown."""
    with contextlib.suppress(Exception):
        free = start.detach().double().clone().requires_grad_()
        lbfgs = torch.optim.LBFGS([free], max_iter=40, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            free.grad = None
            loss = criterion(free.to(output.dtype).expand_as(output), target)
            loss.backward(inputs=[free])
            return loss

        lbfgs.step(closure)
        return float(closure())
    return -math.inf


def _uniform(criterion, output, target) -> float:
    """ln C, if that is what the criterion takes for outputs of 0; else 0."""
    if not torch.is_tensor(output) or output.dim() < 2:
        return 0.0
    loss = float(criterion(torch.zeros_like(output), target))
    sizes = [c for c in (output.shape[1], output.shape[-1]) if c > 1]
    return loss if any(abs(loss - math.log(c)) < 1e-3 for c in sizes) else 0.0


def _still(model) -> list[str]:
    """Parameters of the modules in which no gradient is left at all."""
    still: list = []
    for name, module in model.named_modules():
        own = dict(module.named_parameters(name, recurse=False))
        dead = not any(_values(p).any() for p in own.values())
        # A slope has none where all that is passed on is positive.
        if dead and not isinstance(module, nn.PReLU):
            still += [n for n, p in own.items() if p.grad is not None]
    return _alone(model, still)


def _schedule(optimizer, scheduler, rates) -> Faults:
    """What a schedule does to the rate of the first group."""
    schedules = torch.optim.lr_scheduler
    start = optimizer.param_groups[0].get("initial_lr", 0)
    zeros = [max(row) <= 0 for row in rates]
    if zeros[:20] == [True] * 20 and not all(zeros):
        yield f"the rate stays at 0 for {zeros.index(False)} steps", PLAN
    rates = [row[0] for row in rates]
    if len(rates) < 3 or not isinstance(scheduler, schedules.LRScheduler):
        return
    # A start of 1 leaves it to the schedule; a long warm-up still rises.
    low = max(rates) < 0.02 * start < 0.01 and not rates[-1] > 1.5 * rates[0]
    if low and scheduler.last_epoch < 5:
        yield "the schedule stays below 2 % of the rate", PLAN
    if rates[0] < 0.5 * start and rates[2] < 0.02 * rates[0]:
        yield "the rate is gone after three steps", PLAN
    named = isinstance(scheduler, schedules.OneCycleLR | schedules.CyclicLR)
    if max(rates) > 100 * start and not named:
        yield "the schedule multiplies the rate by over 100", PLAN
    if min(rates[:3]) < 0:
        yield "the schedule makes the rate negative", PLAN


def _trained(model, criterion) -> list[Tensor]:
    own = criterion.parameters() if isinstance(criterion, nn.Module) else ()
    return [p for p in (*model.parameters(), *own) if p.requires_grad]


def _new(optimizer) -> bool:
    """Whether no step was taken; plain SGD has nothing to remember it by."""
    if isinstance(optimizer, torch.optim.SGD) and not optimizer.defaults["momentum"]:
        return False
    return not optimizer.state


def _unused(norm) -> bool:
    """Whether it is a BatchNorm whose statistics are those of the start."""
    mean = norm.running_mean if isinstance(norm, BATCH_NORM) else None
    return mean is not None and not mean.any()


def _fresh(weight) -> bool:
    """Whether it lies in the range where linear layers and convolutions start."""
    return bool(weight.abs().max() <= 1.001 * weight[0].numel() ** -0.5)


def _constant(x) -> bool:
    """Whether all rows are the same; not known, so no, where there are no rows."""
    return torch.is_tensor(x) and x.dim() > 0 and x.equal(x[:1].expand_as(x))


def _finite(x) -> bool:
    return not torch.is_tensor(x) or bool(x.isfinite().all())


def _values(p) -> Tensor:
    """Of the gradient; none where there is none."""
    grad = p.new_zeros(0) if p.grad is None else p.grad
    return grad.coalesce().values() if grad.is_sparse else grad


def _alone(model, names) -> list[str]:
    """Without the members of a list of modules, of which a batch may choose some."""
    kinds = nn.ModuleList | nn.ModuleDict
    lists = [f"{n}." for n, m in model.named_modules() if isinstance(m, kinds)]
    return [n for n in names if not n.startswith(tuple(lists))]


def _list(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(sorted(names)[:3]) + more
