"""What each mistake does to each loss of torch, by making it."""

from snippets.losses.contracts.example_tensors import example_tensors
from snippets.losses.contracts.misuse_report import misuse_report
from snippets.losses.contracts.overview import FAMILIES


def table() -> str:
    """A section for each loss, with its mistakes and what they do.

    Examples:
        >>> "prediction `(N, 1)`, target `(N,)` | **silent**" in table()
        True
    """
    parts = []
    for family, losses in FAMILIES.items():
        parts += [f"## {family} {{ #{family.lower().replace(' ', '-')} }}", ""]
        for name, loss in losses().items():
            tensors = example_tensors(loss["signatures"][0])
            report = misuse_report(
                loss["class"](), tensors, loss["target"], loss["wrong"]
            )
            parts += [f"### {name} {{ #{name.lower()} }}", ""]
            if "function" in loss:
                symbol = f"torch.nn.functional.{loss['function'].__name__}"
                parts += [f"[torch.nn.{name}][], [{symbol}][]."]
            else:
                parts += [f"[torch.nn.{name}][]."]
            parts += [f"[When to use it, how it behaves]({loss['chapter']}).", ""]
            valid = [
                f"- `{signature.replace('whole ', '')}`"
                for signature in loss["signatures"]
            ]
            parts += ["Valid arguments:", "", *valid, ""]
            parts += ["| mistake | what happens |", "| --- | --- |"]
            parts += [f"| {what} | {happens} |" for what, happens in report.items()]
            parts += [""]
    return "\n".join(parts)
