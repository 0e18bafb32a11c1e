"""The big Transformer on WMT translation: inverse square root, no weight decay."""

from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR


def transformer_wmt(model: nn.Module) -> tuple[Adam, LambdaLR]:
    """Build fairseq's training of the big Transformer, with label smoothing 0.1.

    Length: open. Batch: 3584 tokens a GPU. Clip: none. Confidence: A.

    Args:
        model: An encoder and decoder.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: facebookresearch/fairseq, commit 3d262bb25690e4eb2e7d3c1309b1e9c406ca4b99,
    examples/scaling_nmt/README.md,
    fairseq/optim/lr_scheduler/inverse_square_root_schedule.py.

    Examples:
        >>> optimizer, scheduler = transformer_wmt(nn.Linear(3, 2))
        >>> [round(scheduler.lr_lambdas[0](t), 4) for t in (0, 2000, 4000, 16_000)]
        [0.0002, 0.5001, 1.0, 0.5]
    """
    optimizer = Adam(model.parameters(), lr=5e-4, betas=(0.9, 0.98))

    def schedule(step: int) -> float:
        start = 1e-7 / 5e-4
        if step < 4000:
            return start + (1 - start) * step / 4000
        return (4000 / step) ** 0.5

    return optimizer, LambdaLR(optimizer, schedule)
