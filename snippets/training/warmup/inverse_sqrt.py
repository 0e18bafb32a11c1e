"""The learning rate of the first Transformer, as its paper has it."""


def inverse_sqrt(calls: int, d_model: int = 512, warmup: int = 4000) -> float:
    """Give the learning rate itself: use it in a `LambdaLR` over an optimizer of lr 1.

    The rate is d_model^-0.5 min(t^-0.5, t warmup^-1.5) at step t = calls + 1. It peaks
    at step warmup, at (d_model warmup)^-0.5, and has no end.

    Args:
        calls: The calls of `scheduler.step()` so far, 0 for the first step.
        d_model: Width of the model.
        warmup: Number of warm-up steps.

    Raises:
        ValueError: If `d_model` or `warmup` is not positive, or `calls` negative.

    Source: A. Vaswani et al., Attention Is All You Need, 2017, eq. 3.

    Examples:
        >>> f"{inverse_sqrt(3999):.2e}"  # the peak of the base model
        '6.99e-04'
        >>> inverse_sqrt(15999) / inverse_sqrt(3999)  # half of it, four times as late
        0.5
        >>> inverse_sqrt(0) > 0  # steps count from 1
        True
    """
    if calls < 0:
        raise ValueError(f"calls must not be negative, got {calls}")
    if d_model < 1 or warmup < 1:
        raise ValueError(
            f"d_model and warmup must be positive, got {d_model} and {warmup}"
        )
    step = calls + 1
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
