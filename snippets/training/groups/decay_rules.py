"""What five published rules decay in one transformer."""

import re

from torch import nn


class _Decoder(nn.Module):
    """Embeddings, a positional table, one block of torch's, a norm and a tied head."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(100, 16)
        self.positions = nn.Embedding(32, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 64, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 100, bias=False)
        self.head.weight = self.tokens.weight


RULES = {
    "nanoGPT": lambda n, p, table: p.ndim >= 2,
    "BERT": lambda n, p, table: not re.search("LayerNorm|layer_norm|bias", n),
    "OLMo 2": lambda n, p, table: not table,
    "big_vision": lambda n, p, table: n.endswith("kernel"),
    "all": lambda n, p, table: True,
}


def table() -> str:
    """Apply each rule; cells are parameter tensors that decay, of all of the kind.

    Examples:
        >>> print(table().splitlines()[3])
        | BERT | 4/4 | 2/2 | 3/3 | 0/7 |
    """
    model = _Decoder()
    tables = {id(model.tokens.weight), id(model.positions.weight)}
    kinds: dict[str, list] = {k: [] for k in ("matrices", "tables", "gains", "biases")}
    for name, p in model.named_parameters():
        kind = "tables" if id(p) in tables else "matrices"
        if p.ndim < 2:
            kind = "biases" if "bias" in name else "gains"
        kinds[kind].append((name, p))
    lines = ["| rule | " + " | ".join(kinds) + " |", "| --- " * 5 + "|"]
    for rule, decays in RULES.items():
        cells = [
            f"{sum(decays(n, p, kind == 'tables') for n, p in held)}/{len(held)}"
            for kind, held in kinds.items()
        ]
        lines.append(f"| {rule} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
