"""A character LSTM: RMSprop with alpha 0.95, clipped by value."""

from torch import nn
from torch.optim import RMSprop
from torch.optim.lr_scheduler import LambdaLR


def char_rnn(model: nn.Module) -> tuple[RMSprop, LambdaLR]:
    """Build char-rnn's training; each epoch from the tenth on takes 3 % off the lr.

    Length: 50 epochs. Batch: 50 sequences. Clip: value 5. Confidence: A.

    Args:
        model: A recurrent network. They leave eps at its default.

    Returns:
        The optimizer, and the scheduler, to be stepped once an epoch.

    Source: karpathy/char-rnn, commit 6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e,
    train.lua.

    Examples:
        >>> optimizer, scheduler = char_rnn(nn.LSTM(3, 2))
        >>> [round(scheduler.lr_lambdas[0](t), 2) for t in (0, 9, 10, 11)]
        [1.0, 1.0, 0.97, 0.94]
    """
    optimizer = RMSprop(model.parameters(), lr=2e-3, alpha=0.95)
    return optimizer, LambdaLR(optimizer, lambda epoch: 0.97 ** max(0, epoch - 9))
