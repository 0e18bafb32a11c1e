"""PPO on Atari: Adam with eps 1e-5 and a line to zero."""

from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR


def ppo_atari(model: nn.Module, total_updates: int) -> tuple[Adam, LambdaLR]:
    """Build the authors' PPO2; for MuJoCo the lr is 3e-4.

    Length: open. Batch: a fourth of 128 steps of each environment, 4 epochs.
    Clip: norm 0.5. Confidence: A.

    Args:
        model: Policy and value function, trained by one optimizer.
        total_updates: Updates until the lr is 0; an update is one rollout.

    Returns:
        The optimizer, and the scheduler, to be stepped once an update.

    Source: openai/baselines, commit ea25b9e8b234e6ee1bca43083f8f3cf974143998,
    baselines/ppo2/defaults.py, baselines/ppo2/model.py, baselines/ppo2/ppo2.py.

    Examples:
        >>> optimizer, scheduler = ppo_atari(nn.Linear(3, 2), 1000)
        >>> optimizer.defaults["eps"], scheduler.lr_lambdas[0](500)
        (1e-05, 0.5)
    """
    optimizer = Adam(model.parameters(), lr=2.5e-4, eps=1e-5)
    return optimizer, LambdaLR(optimizer, lambda u: max(0.0, 1 - u / total_updates))
