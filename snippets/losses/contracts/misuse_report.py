"""What happens when a loss is called wrongly, found by doing it."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

_DTYPES = torch.bool, torch.int32, torch.int64, torch.float32, torch.float64


def misuse_report(
    criterion: Callable[..., Tensor],
    tensors: Sequence[Tensor],
    target: int | None = 1,
    wrong: Mapping[str, Callable] | None = None,
) -> dict[str, str]:
    """The error, the warning or the silent damage of each common mistake.

    Tried on every loss: targets of other dtypes and shapes, one target too few, NaN in
    prediction and target. What gives the right loss without a warning is left out.

    Args:
        criterion: The loss, called as `criterion(*tensors)`.
        tensors: Valid arguments, in order, the prediction first.
        target: Position of the target in `tensors`; None if all are predictions.
        wrong: Further mistakes: what is wrong, and a function of the tensors that
            returns wrong ones, or the loss of a wrong call.

    Returns:
        What is wrong, and what happens, in Markdown. `silent` comes with the loss and
        with the angle between its gradient in the prediction and the right one.

    Source: `torch.nn`, by execution.

    Examples:
        >>> from torch import nn
        >>> logits, classes = torch.eye(3), torch.tensor([0, 1, 0])
        >>> report = misuse_report(
        ...     nn.CrossEntropyLoss(),
        ...     [logits, classes],
        ...     wrong={"softmax before": lambda z, y: (z.softmax(1), y)},
        ... )
        >>> report["target float32"]
        '`RuntimeError: expected target dtype to be Long or Byte, but got Float`'
        >>> report["softmax before"]
        '**silent**: 0.992 instead of 0.885, gradient turned by 21°'
    """

    def run(call: Callable, *arguments: Tensor) -> tuple[float, Tensor]:
        leaf = arguments[0].detach().clone().requires_grad_()
        result = call(leaf, *arguments[1:])
        loss = criterion(*result) if isinstance(result, tuple) else result
        loss.backward()
        return loss.item(), leaf.grad

    def happens(call: Callable, new: Sequence[Tensor], old: Sequence[Tensor]) -> str:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                loss, gradient = run(call, *new)
            except Exception as error:
                return _code(error)
        right, pull = run(criterion, *old)
        text = f"warns {_code(caught[0].message)}, then " if caught else "**silent**: "
        if not math.isfinite(loss):
            return f"{text}{loss}"
        pull = pull.view_as(gradient)
        same = gradient.allclose(pull, rtol=1e-2, atol=1e-4)
        if same and math.isclose(loss, right, rel_tol=1e-3):
            return f"{text}the same loss" if caught else ""
        text += f"{loss:.3g} instead of {right:.3g}"
        if not gradient.any():
            return text + ", no gradient"
        cosine = torch.cosine_similarity(gradient.flatten(), pull.flatten(), dim=0)
        degrees = math.degrees(math.acos(max(-1.0, min(1.0, cosine.item()))))
        return text + (f", gradient turned by {degrees:.0f}°" if degrees > 1 else "")

    report = {}
    for what, new in _tries(tensors, target).items():
        column = [t[:, 0] for t in tensors] if "prediction `(N" in what else tensors
        report[what] = happens(criterion, new, column)
    for what, call in (wrong or {}).items():
        report[what] = happens(call, tensors, tensors)
    return {what: text for what, text in report.items() if text}


def _tries(tensors: Sequence[Tensor], target: int | None) -> dict[str, list[Tensor]]:
    if target is None:
        return {"NaN in a tensor": [tensors[0] * math.nan, *tensors[1:]]}
    y, exact = tensors[target], tensors[target].is_floating_point()
    new = {f"target {str(d)[6:]}": y.to(d) for d in _DTYPES if d != y.dtype}
    new = {what: t for what, t in new.items() if not exact or t.to(y.dtype).equal(y)}
    if y.dim() == 1:
        new["target `(N, 1)`"] = y[:, None]
    new["one target too few"] = y[:-1]
    if exact:
        new["NaN in the target"] = y.where(y != y.flatten()[0], math.nan)
    before, after = tensors[:target], tensors[target + 1 :]
    tries = {what: [*before, t, *after] for what, t in new.items()}
    if y.dim() == 2 and y.shape == tensors[0].shape:
        columns = [t[:, 0] if t is y else t[:, :1] for t in tensors]
        tries["prediction `(N, 1)`, target `(N,)`"] = columns
    return tries | {"NaN in the prediction": [tensors[0] * math.nan, *tensors[1:]]}


def _code(error: Exception | Warning) -> str:
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".replace("|", "\\|")
    return f"``{text}``" if "`" in text else f"`{text}`"
