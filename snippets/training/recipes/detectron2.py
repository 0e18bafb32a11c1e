"""Faster R-CNN and RetinaNet on COCO: SGD, norms do not decay."""

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR


def detectron2(model: nn.Module, lr: float) -> tuple[SGD, LambdaLR]:
    """Build detectron2's short schedule; biases decay, norms do not.

    Length: 90000 steps. Batch: 16 images. Clip: none. Confidence: A.

    Args:
        model: A detector on a pretrained backbone.
        lr: 0.02 for Faster R-CNN, 0.01 for RetinaNet.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: facebookresearch/detectron2,
    commit 02b5c4e295e990042a714712c21dc79b731e8833,
    configs/Base-RCNN-FPN.yaml, configs/Base-RetinaNet.yaml,
    detectron2/config/defaults.py, detectron2/solver/build.py.

    Examples:
        >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8))
        >>> optimizer, scheduler = detectron2(model, lr=0.02)
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(2, 0.0001), (2, 0.0)]
    """
    kinds = nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm
    norms = [p for m in model.modules() if isinstance(m, kinds) for p in m.parameters()]
    chosen = set(map(id, norms))
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": rest}, {"params": norms, "weight_decay": 0.0}]
    optimizer = SGD(groups, lr=lr, momentum=0.9, weight_decay=1e-4)

    def schedule(step: int) -> float:
        if step < 1000:
            return 1e-3 + (1 - 1e-3) * step / 1000
        return 0.1 ** ((step >= 60_000) + (step >= 80_000))

    return optimizer, LambdaLR(optimizer, schedule)
