"""BERT fine-tuned on a classification task: 2e-5, a tenth of warm-up."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def bert_finetuning(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build BERT's run on MRPC; LayerNorm and biases, its vectors, do not decay.

    The script's own default is 5e-5, SQuAD takes 3e-5, and for small models the README
    searches 3e-5 to 3e-4. Theirs has no bias correction.

    Length: 3 epochs. Batch: 32 sequences. Clip: norm 1.0. Confidence: A.

    Args:
        model: A pretrained encoder with a new head.
        total_steps: Steps until the lr is 0.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: google-research/bert, commit eedf5716ce1268e56f0a50264a88cafad334ac61,
    README.md, run_classifier.py, optimization.py.

    Examples:
        >>> optimizer, scheduler = bert_finetuning(nn.Linear(3, 2), 1000)
        >>> [scheduler.lr_lambdas[0](t) for t in (0, 50, 100, 1000)]
        [0.0, 0.5, 0.9, 0.0]
    """
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=2e-5, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01)
    warm = total_steps // 10

    def schedule(step: int) -> float:
        return step / warm if step < warm else max(0.0, 1 - step / total_steps)

    return optimizer, LambdaLR(optimizer, schedule)
