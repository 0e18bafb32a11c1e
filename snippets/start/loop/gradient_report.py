"""What backward left in each parameter: none, zero, non-finite or a norm."""

import torch
from torch import nn


def gradient_report(model: nn.Module) -> dict[str, str]:
    """Describe the gradient of each trainable parameter after `backward()`.

    Args:
        model: any module; call this between `loss.backward()` and `optimizer.step()`.

    Returns:
        Name of each trainable parameter -> one of
        `"none"` (backward never reached it: unused, cut off, or not called),
        `"zero"` (reached, and the derivative is exactly 0 everywhere),
        `"non-finite"` (an inf or a nan), or the 2-norm with three digits.

    Raises:
        ValueError: if the model has no trainable parameter.

    Source: torch.Tensor.grad, torch.linalg.vector_norm.

    Examples:
        The first layer is cut off by `detach`, so backward cannot reach it:

        >>> first, second = nn.Linear(3, 2), nn.Linear(2, 1, bias=False)
        >>> out = second(first(torch.ones(5, 3)).detach())
        >>> (out * 0).sum().backward()
        >>> gradient_report(nn.ModuleList([first, second]))
        {'0.weight': 'none', '0.bias': 'none', '1.weight': 'zero'}
        >>> second.weight.grad = torch.tensor([[3.0, 4.0]])
        >>> gradient_report(second)
        {'weight': '5'}
    """

    def describe(grad: torch.Tensor | None) -> str:
        if grad is None:
            return "none"
        if not torch.isfinite(grad).all():
            return "non-finite"
        norm = torch.linalg.vector_norm(grad, dtype=torch.float64).item()
        return f"{norm:.3g}" if grad.any() else "zero"

    report = {
        name: describe(parameter.grad)
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    if not report:
        raise ValueError("model must have a trainable parameter, got none")
    return report
