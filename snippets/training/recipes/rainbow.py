"""Rainbow and DQN on Atari: Adam with a small lr and a large eps."""

from torch import nn
from torch.optim import Adam


def rainbow(model: nn.Module) -> tuple[Adam, None]:
    """Build Dopamine's agents, which say that they follow Hessel et al. (2018).

    Length: open. Batch: 32 transitions. Clip: none. Confidence: C.

    Args:
        model: The online network; not the target network.

    Returns:
        The optimizer, and no scheduler.

    Source: google/dopamine, commit 5873f5494ee0c2d7c016d0ab2ad530354fec59d0,
    dopamine/jax/agents/rainbow/configs/rainbow.gin,
    dopamine/jax/agents/dqn/configs/dqn.gin.

    Examples:
        >>> optimizer, _ = rainbow(nn.Linear(3, 2))
        >>> optimizer.defaults["lr"], optimizer.defaults["eps"]
        (6.25e-05, 0.00015)
    """
    return Adam(model.parameters(), lr=6.25e-5, eps=1.5e-4), None
