"""Wav2vec 2.0 base fine-tuned with CTC: warm up, hold, decay exponentially."""

from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR


def wav2vec2_finetuning(model: nn.Module, total_steps: int) -> tuple[Adam, LambdaLR]:
    """Build the fine-tuning on 100 hours: no weight decay, three stages.

    Length: 80000 steps. Batch: 3.2 million samples times 8. Clip: none. Confidence: A.

    Args:
        model: A pretrained encoder with a CTC head.
        total_steps: 10 % warm-up from a hundredth, 40 % at the peak, 50 % of decay to a
            twentieth.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: facebookresearch/fairseq, commit 3d262bb25690e4eb2e7d3c1309b1e9c406ca4b99,
    examples/wav2vec/config/finetuning/base_100h.yaml,
    fairseq/optim/lr_scheduler/tri_stage_lr_scheduler.py.

    Examples:
        >>> _, scheduler = wav2vec2_finetuning(nn.Linear(3, 2), 80_000)
        >>> [round(scheduler.lr_lambdas[0](t), 2) for t in (0, 8000, 40_000, 80_000)]
        [0.01, 1.0, 1.0, 0.05]
    """
    optimizer = Adam(model.parameters(), lr=3e-5, betas=(0.9, 0.98), eps=1e-8)

    def schedule(step: int) -> float:
        done = min(step / total_steps, 1)
        if done < 0.1:
            return 0.01 + 0.99 * done / 0.1
        return 0.05 ** max(0.0, (done - 0.5) / 0.5)

    return optimizer, LambdaLR(optimizer, schedule)
