"""OLMo 2 7B from scratch: norms and biases decay, embeddings do not."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def olmo2_7b(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build the first stage of OLMo 2 7B.

    Theirs counts tokens: 8388608000 of warm-up and 5e12 in all, 4194304 a step.

    Length: 1192093 steps. Batch: 1024 sequences of 4096. Clip: norm 1.0. Confidence: A.

    Args:
        model: A decoder; the weights of its `nn.Embedding` layers do not decay.
        total_steps: Steps until the lr is a tenth; 2000 of them are warm-up.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: allenai/OLMo, commit 59a53e3f68e546330ca5a99ec626e58f9ab96494,
    configs/official-1124/OLMo2-7B-stage1.yaml, olmo/optim.py.

    Examples:
        >>> model = nn.Sequential(nn.Embedding(5, 2), nn.LayerNorm(2), nn.Linear(2, 5))
        >>> optimizer, scheduler = olmo2_7b(model, 10_000)
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(4, 0.1), (1, 0.0)]
    """
    if total_steps <= 2000:
        raise ValueError(f"total_steps must exceed 2000, got {total_steps}")
    tables = [m.weight for m in model.modules() if isinstance(m, nn.Embedding)]
    chosen = set(map(id, tables))
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": rest}, {"params": tables, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=3e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)

    def schedule(step: int) -> float:
        if step < 2000:
            return step / 2000
        done = min((step - 2000) / (total_steps - 2000), 1)
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
