"""AWD-LSTM on words: SGD with lr 30, clipped at 0.25."""

from torch import nn
from torch.optim import SGD


def awd_lstm(model: nn.Module) -> tuple[SGD, None]:
    """Build the first phase on Penn Treebank.

    Once the validation loss is above the best of all but the last 5 epochs, it gives
    way to `ASGD(parameters, lr=30, t0=0, lambd=0, weight_decay=1.2e-6)`.

    Length: 500 epochs. Batch: 20 sequences. Clip: norm 0.25. Confidence: A.

    Args:
        model: The LSTM; every parameter decays.

    Returns:
        The optimizer, and no scheduler: each step multiplies the lr by the length of
        its sequence over 70.

    Source: salesforce/awd-lstm-lm, commit 1d466ec5875675ca6b6f0caacbb741240a29da9e,
    main.py, README.md.

    Examples:
        >>> optimizer, _ = awd_lstm(nn.LSTM(3, 2))
        >>> optimizer.defaults["lr"], optimizer.defaults["momentum"]
        (30, 0)
    """
    return SGD(model.parameters(), lr=30, weight_decay=1.2e-6), None
