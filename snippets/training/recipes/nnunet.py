"""The nnU-Net on medical images: momentum 0.99 and polynomial decay."""

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR


def nnunet(model: nn.Module, total_epochs: int) -> tuple[SGD, LambdaLR]:
    """Build nnU-Net's trainer; an epoch is 250 batches, whatever the data.

    Length: 1000 epochs. Batch: planned from memory. Clip: norm 12. Confidence: A.

    Args:
        model: A U-Net; every parameter decays.
        total_epochs: Epochs until the lr is 0.

    Returns:
        The optimizer, and the scheduler, to be stepped once an epoch.

    Source: MIC-DKFZ/nnUNet, commit 0e495086eb108ff79afe106291e8c15bd2f2bc3a,
    nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py,
    nnunetv2/training/lr_scheduler/polylr.py.

    Examples:
        >>> optimizer, scheduler = nnunet(nn.Conv2d(1, 8, 3), 1000)
        >>> [round(scheduler.lr_lambdas[0](t), 3) for t in (0, 500, 1000)]
        [1.0, 0.536, 0.0]
    """
    optimizer = SGD(
        model.parameters(), lr=1e-2, momentum=0.99, nesterov=True, weight_decay=3e-5
    )

    def schedule(epoch: int) -> float:
        return max(0.0, 1 - epoch / total_epochs) ** 0.9

    return optimizer, LambdaLR(optimizer, schedule)
