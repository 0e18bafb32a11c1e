"""The last gradient norms, their quantiles, and the share that a limit would clip."""

from collections import deque

import torch
from torch import Tensor


class NormHistory:
    """Collect the norms that `clip_grad_norm_` returns, without a sync at each step.

    Args:
        window: Number of norms that are kept.

    Raises:
        ValueError: If `window` is not positive, on a norm that is not a scalar, on a
            quantile outside 0 to 1, or when asked before a finite norm came.

    Source: Seetharaman et al. 2020, arXiv:2007.14469 (clipping at a percentile of the
    norms so far); tuning playbook, google-research/tuning_playbook (90th percentile).

    Examples:
        >>> history = NormHistory()
        >>> for norm in range(1, 12):
        ...     history.append(torch.tensor(float(norm)))
        >>> history.append(torch.tensor(torch.inf))  # counted, but no quantile's
        >>> history.quantile(0.9)
        10.0
        >>> history.share_above(10.0)  # 11 and inf, of 12
        0.16666666666666666
    """

    def __init__(self, window: int = 1000) -> None:
        if window < 1:
            raise ValueError(f"window must be positive, got {window}")
        self._norms: deque[Tensor] = deque(maxlen=window)

    def append(self, norm: Tensor) -> None:
        """Take one norm, measured before clipping."""
        if norm.ndim:
            raise ValueError(f"norm must be a scalar, got shape {tuple(norm.shape)}")
        self._norms.append(norm.detach().float())

    def quantile(self, q: float = 0.9) -> float:
        """Return the quantile of the finite norms: a first `max_norm`."""
        if not 0 <= q <= 1:
            raise ValueError(f"q must be from 0 to 1, got {q}")
        norms = self._stacked()
        return norms[norms.isfinite()].quantile(q).item()

    def share_above(self, max_norm: float) -> float:
        """Return the share of steps that `max_norm` clips; nan counts as clipped."""
        norms = self._stacked()
        return (~(norms <= max_norm)).double().mean().item()

    def _stacked(self) -> Tensor:
        if not any(n.isfinite() for n in self._norms):
            raise ValueError(f"no finite norm among {len(self._norms)} yet")
        return torch.stack(list(self._norms))
