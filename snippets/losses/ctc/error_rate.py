"""Character, word or phoneme error rate of a set of decoded sequences."""

from collections.abc import Hashable, Sequence


def error_rate(
    hypotheses: Sequence[Sequence[Hashable]], references: Sequence[Sequence[Hashable]]
) -> float:
    """Insertions, deletions and substitutions per label of the references.

    Edits and lengths are summed over all pairs before the division, so a long
    reference counts more than a short one. The rate may exceed 1.

    Args:
        hypotheses: Decoded sequences: strings, lists of words or of label indices.
        references: As many true sequences, of the same kind.

    Returns:
        The total edit distance divided by the total length of `references`.

    Raises:
        ValueError: If the numbers of sequences differ, or no reference has a label.

    Source: V. I. Levenshtein, Binary codes capable of correcting deletions, insertions
    and reversals, 1966.

    Examples:
        >>> error_rate(["kitten"], ["sitting"])  # 3 edits, 7 letters
        0.42857142857142855
        >>> error_rate([["a", "cat"], []], [["the", "cat"], ["sat", "down"]])
        0.75
        >>> error_rate(["aaaa"], ["b"])
        4.0
    """
    if len(hypotheses) != len(references):
        raise ValueError(
            "hypotheses and references must be equally many, got "
            f"{len(hypotheses)} and {len(references)}"
        )
    length = sum(len(reference) for reference in references)
    if length == 0:
        raise ValueError("references must hold at least one label, got none")
    pairs = zip(hypotheses, references, strict=True)
    return sum(_edit_distance(h, r) for h, r in pairs) / length


def _edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    row = list(range(len(b) + 1))  # distances of a[:0] to b[:0], b[:1], ...
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
            diagonal, row[j] = row[j], cost
    return row[-1]
