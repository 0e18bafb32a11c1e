"""The expected calibration error that a perfectly calibrated model is given."""

import torch

from snippets.losses.calibration.expected_calibration_error import (
    expected_calibration_error,
)

REPEATS = 200


def _bias(samples: int, bins: int, adaptive: bool = False) -> float:
    """Mean ECE of confidences that are true by construction, so that 0 is right.

    Examples:
        >>> _bias(100, 15) > 2 * _bias(1000, 15)
        True
    """
    generator = torch.Generator().manual_seed(0)
    confidence = 1 - 0.5 * torch.rand(REPEATS, samples, generator=generator) ** 2
    happened = torch.rand(REPEATS, samples, generator=generator) < confidence
    total = sum(
        expected_calibration_error(p, y, bins, adaptive).item()
        for p, y in zip(confidence, happened, strict=True)
    )
    return total / REPEATS


def table() -> str:
    """Tabulate that mean by number of samples and of bins."""
    rows = [
        "| samples | 5 bins | 15 bins | 50 bins | 15 of equal mass |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for samples in 100, 300, 1000, 3000:
        cells = [_bias(samples, bins) for bins in (5, 15, 50)]
        cells.append(_bias(samples, 15, adaptive=True))
        numbers = " | ".join(f"{cell:.3f}" for cell in cells)
        rows.append(f"| {samples:,} | {numbers} |".replace(",", " "))
    return "\n".join(rows)
