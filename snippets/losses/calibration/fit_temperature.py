"""Temperature scaling: the one number that calibrates held-out logits best."""

import math

from torch import Tensor


def fit_temperature(logits: Tensor, target: Tensor) -> float:
    """The T > 0 that minimises the cross-entropy of `logits / T`.

    In b = 1 / T the loss is convex: its slope is the mean of E_p[z] - z_y with
    p = softmax(b z), its curvature the mean variance of z under p. So Newton's method
    inside a bracket finds the minimum in a few steps, without a learning rate.

    Args:
        logits: `(N, C)`, of data that neither trained nor selected the model, in eval
            mode. For one logit z per sample pass `torch.stack([0 * z, z], 1)`.
        target: Class indices, `(N,)`.

    Returns:
        The temperature: above 1 for an over-confident model. It is computed in
        float64 and does not move the largest logit, so predictions stay.

    Raises:
        ValueError: If the shapes do not fit, a logit is not finite, a target is not a
            class, `logits` are probabilities, every sample is right already (then T
            is 0), or no T > 0 beats the uniform prediction (then T is infinite).

    Source: C. Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2.

    Examples:
        Logits that are right three times in four should say 0.75:

        >>> import torch
        >>> logits = torch.tensor([[8.0, 0.0], [8.0, 0.0], [0.0, 8.0], [0.0, 8.0]])
        >>> temperature = fit_temperature(logits, torch.tensor([0, 0, 1, 0]))
        >>> (logits[0] / temperature).softmax(0)
        tensor([0.7500, 0.2500])

        Ten times the logits, ten times the temperature; a shift changes nothing:

        >>> more = fit_temperature(10 * logits + 3, torch.tensor([0, 0, 1, 0]))
        >>> round(more / temperature, 6)
        10.0
        >>> fit_temperature(logits, torch.tensor([0, 0, 1, 1]))
        Traceback (most recent call last):
        ValueError: every sample is right, no T > 0 is best: is it training data?
    """
    if logits.ndim != 2 or logits.shape[:1] != target.shape or len(target) == 0:
        raise ValueError(
            "logits must be (N, C) and target (N,), N > 0, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.is_floating_point() or ((target < 0) | (target >= logits.shape[1])).any():
        raise ValueError(f"target must be class indices below {logits.shape[1]}")
    if not logits.isfinite().all():
        raise ValueError("logits must be finite")
    z = logits.detach().double()
    if (z >= 0).all() and ((z.sum(1) - 1).abs() < 1e-2).all():
        raise ValueError("logits must be scores before softmax, got probabilities")
    z = z - z.gather(1, target.unsqueeze(1))  # relative to the true class
    if (z <= 0).all():
        raise ValueError(
            "every sample is right, no T > 0 is best: is it training data?"
        )
    if z.mean() >= 0:  # the slope at b = 0
        raise ValueError("the uniform prediction is at least as good as any T > 0")
    low, high, b = 0.0, math.inf, 1 / z.abs().max().item()
    for _ in range(200):
        p = (b * z).softmax(1)
        mean = (p * z).sum(1)
        slope = mean.mean().item()
        curvature = ((p * z**2).sum(1) - mean**2).mean().item()
        low, high = (low, b) if slope > 0 else (b, high)
        step = b - slope / curvature if curvature > 0 else math.inf
        if not low < step < high:
            step = 2 * b if high == math.inf else (low + high) / 2
        if abs(step - b) <= 1e-12 * b:
            break
        b = step
    return 1 / b
