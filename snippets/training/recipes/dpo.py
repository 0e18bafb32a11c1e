"""DPO after supervised fine-tuning: RMSprop at 5e-7."""

from torch import nn
from torch.optim import RMSprop
from torch.optim.lr_scheduler import LambdaLR


def dpo(policy: nn.Module) -> tuple[RMSprop, LambdaLR]:
    """Build the authors' run, by their word as good as Adam with less memory.

    Length: 1 epoch. Batch: 64 pairs. Clip: norm 10. Confidence: A.

    Args:
        policy: The model that is trained; not the reference.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: eric-mitchell/direct-preference-optimization,
    commit f8b8c0f49dc92a430bae41585f9d467d3618fe2f,
    config/config.yaml, trainers.py, README.md (beta 0.1 for 6.9B, and 0.1 to 0.5).

    Examples:
        >>> optimizer, scheduler = dpo(nn.Linear(3, 2))
        >>> [round(scheduler.lr_lambdas[0](t), 3) for t in (0, 75, 150, 9999)]
        [0.007, 0.503, 1.0, 1.0]
    """
    optimizer = RMSprop(policy.parameters(), lr=5e-7)
    return optimizer, LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 151))
