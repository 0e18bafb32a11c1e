"""LLaMA 7B tuned by QLoRA: a constant lr for the adapters only."""

from torch import nn
from torch.optim import AdamW


def qlora(model: nn.Module) -> tuple[AdamW, None]:
    """Build Guanaco 7B, rank 64, alpha 16; the adapters have dropout, not decay.

    Length: 1875 steps. Batch: 16 sequences. Clip: norm 0.3. Confidence: A.

    Args:
        model: Only what has `requires_grad`, the adapters, is trained.

    Returns:
        The optimizer, and no scheduler: the authors found a constant lr a bit better
        than cosine.

    Source: artidoro/qlora, commit 7f4e95a68dc076bea9b3a413d2b512eca6d004e5,
    scripts/finetune_guanaco_7b.sh, qlora.py.

    Examples:
        >>> model = nn.Linear(3, 2)
        >>> _ = model.bias.requires_grad_(False)
        >>> optimizer, _ = qlora(model)
        >>> len(optimizer.param_groups[0]["params"])
        1
    """
    adapters = [p for p in model.parameters() if p.requires_grad]
    return AdamW(adapters, lr=2e-4, betas=(0.9, 0.999), weight_decay=0.0), None
