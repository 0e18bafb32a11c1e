"""Wav2vec 2.0 base on LibriSpeech: 8 % of the steps are warm-up."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def wav2vec2_pretraining(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build wav2vec 2.0 base; fairseq's `adam` is decoupled, so `AdamW` here.

    Length: 400000 steps. Batch: 1.4 million samples on each of 64 GPUs. Clip: none.
    Confidence: A.

    Args:
        model: A wav2vec 2.0 encoder; every parameter decays.
        total_steps: Steps until the lr is 0, the 32,000 of the warm-up included.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: facebookresearch/fairseq, commit 3d262bb25690e4eb2e7d3c1309b1e9c406ca4b99,
    examples/wav2vec/config/pretraining/wav2vec2_base_librispeech.yaml.

    Examples:
        >>> optimizer, scheduler = wav2vec2_pretraining(nn.Linear(3, 2), 400_000)
        >>> [scheduler.lr_lambdas[0](t) for t in (0, 32_000, 216_000, 400_000)]
        [0.0, 1.0, 0.5, 0.0]
    """
    if total_steps <= 32_000:
        raise ValueError(f"total_steps must exceed 32000, got {total_steps}")
    optimizer = AdamW(
        model.parameters(), lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01
    )

    def schedule(step: int) -> float:
        if step <= 32_000:
            return step / 32_000
        return max(0.0, 1 - (step - 32_000) / (total_steps - 32_000))

    return optimizer, LambdaLR(optimizer, schedule)
