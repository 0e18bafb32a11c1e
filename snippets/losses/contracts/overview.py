"""What every loss of torch takes and returns, by calling it."""

import itertools
import math
import re

from snippets.losses.contracts.binary_losses import binary_losses
from snippets.losses.contracts.distance_losses import distance_losses
from snippets.losses.contracts.distribution_losses import distribution_losses
from snippets.losses.contracts.example_tensors import example_tensors
from snippets.losses.contracts.head_losses import head_losses
from snippets.losses.contracts.loss_contract import loss_contract
from snippets.losses.contracts.multiclass_losses import multiclass_losses
from snippets.losses.contracts.regression_losses import regression_losses

FAMILIES = {
    "Regression": regression_losses,
    "Binary and multi-label": binary_losses,
    "Multi-class": multiclass_losses,
    "With the last layer inside": head_losses,
    "Similarity and ranking": distance_losses,
    "Sequences and distributions": distribution_losses,
}


def _letters(sizes: str, signature: str) -> str:
    """`N·D` for `55` and `(N, D)` for `(5, 11)`, by the signature's letters."""
    tensors = example_tensors(signature)
    shapes = re.findall(r"\(([^)]*)\)", signature)
    known = {}
    for tensor, shape in zip(tensors, shapes, strict=True):
        known |= dict(zip(tensor.shape, shape.split(", "), strict=False))

    def order(size: int) -> int:
        return "NCSDTHW".find(known[size])

    for count in range(1, len(known) + 1):
        for chosen in itertools.combinations(sorted(known, key=order), count):
            if sizes == str(math.prod(chosen)):
                return "·".join(known[size] for size in chosen)
    return re.sub(r"\d+", lambda size: known[int(size[0])], sizes).replace(",)", ")")


def _arguments(signature: str) -> str:
    """Each argument as code: `logits (N, C)`, `classes (N)`."""
    kinds = re.findall(r"\w[\w -]* \([^)]*\)", signature.replace("whole ", ""))
    return ", ".join(f"`{kind}`" for kind in kinds)


_FLOATS = "float16, bfloat16, float32, float64"


def table() -> str:
    """Tabulate shapes, target dtypes, divisors, gradients and half precision.

    Examples:
        >>> rows = table().splitlines()
        >>> len(rows) - 2
        23
        >>> rows[3].split(" | ")[2:4]
        ['every integer, float', 'N·D']
    """
    rows = [
        "| loss | arguments | target dtype | mean divides by | `none` returns "
        "| gradient in the target | empty batch | half precision |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for losses in FAMILIES.values():
        for name, loss in losses().items():
            first = loss["signatures"][0]
            facts = loss_contract(
                loss["class"], example_tensors(first), loss["target"] or 1
            )
            divisor = _letters(facts["mean"], first)
            if "batchmean" in facts:
                divisor += f"; batchmean: {_letters(facts['batchmean'], first)}"
            dtypes = facts["target dtypes"].replace(_FLOATS, "every float")
            dtypes = dtypes.replace("uint8, int32, int64, every", "every integer,")
            half = {facts["float16"], facts["bfloat16"]} - {"float16", "bfloat16"}
            cells = [f"[{name}](#{name.lower()})"]
            cells += [_arguments(first).replace("`, `", "`<br>`")]
            cells += [dtypes, divisor, f"`{_letters(facts['none'], first)}`"]
            cells += [facts["target gradient"], facts["empty batch"]]
            cells += [", ".join(sorted(half)) or "kept"]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
