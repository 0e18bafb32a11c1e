"""What another version of torch changes in the tables and messages of the guide.

    python -m tools.newest record before.json    with the pinned torch
    python -m tools.newest compare before.json   with the other one

The second prints a report in Markdown, and nothing where nothing changed.
"""

import argparse
import difflib
import json
import sys
from pathlib import Path

from tools.artefacts import ArtefactError, build, find, load, stored
from tools.pages import ROOT
from tools.run import Page, RunError, run_fence


def record(root: Path = ROOT) -> dict:
    """What the installed torch makes of the guide.

    Returns:
        `torch`, its version; `failures`, of snippets, as one text; `tables`, the text of
        each by the snippet that makes it; `messages`, how blocks on pages of messages
        differ from what the page shows, by their place.
    """
    import torch

    torch.set_num_threads(1)
    failures, tables = _tables(root)
    messages = {}
    for path in sorted((root / "docs").rglob("*.md")):
        messages |= _messages(path, root)
    return {
        "torch": torch.__version__,
        "failures": failures,
        "tables": tables,
        "messages": messages,
    }


def _tables(root: Path) -> tuple[str, dict[str, str]]:
    snippets, cache = find(root), root / ".cache/artefacts"
    failures = ""
    try:
        build(snippets, cache, root, lambda line: print(line, file=sys.stderr))
    except ArtefactError as error:  # the others are stored all the same
        failures = str(error)
    tables = {}
    for snippet in snippets:
        result = load(stored(cache, snippet)) or {}
        if ".md" in result:
            tables[f"snippets/{snippet.place}.py"] = result[".md"]
    return failures, tables


def _messages(path: Path, root: Path) -> dict[str, str]:
    """How a page that shows messages differs from what its blocks now do, by place."""
    page = Page(path, root)
    if not any(fence.marker == "raises" for fence in page.fences):
        return {}
    found = {}
    for fence, after in zip(page.fences, [*page.fences[1:], None], strict=True):
        shown = after if after and after.marker == "output" else None
        if fence.runs:
            try:
                run_fence(fence, shown, vars(page.module), root)
            except RunError as error:  # the others may be as they were
                found[fence.where(root)] = str(error)
    return found


def compare(before: dict, after: dict) -> str:
    """What the second of two records has otherwise, as Markdown; empty if nothing."""
    parts = []
    for name in sorted({*before["tables"], *after["tables"]}):
        old, new = (record["tables"].get(name, "") for record in (before, after))
        if old != new:
            rows = difflib.ndiff(old.splitlines(), new.splitlines())
            changed = [row for row in rows if row.startswith(("-", "+"))]
            parts.append(_block(f"The table of `{name}`", "diff", "\n".join(changed)))
    for place, text in after["messages"].items():
        if text != before["messages"].get(place):
            parts.append(_block(f"`{place}`", "text", text))
    if after["failures"] != before["failures"]:
        parts.append(_block("Snippets that fail", "text", after["failures"]))
    if not parts:
        return ""
    return "\n".join([f"torch {after['torch']} against {before['torch']}\n", *parts])


def _block(title: str, language: str, text: str) -> str:
    return f"## {title}\n\n````{language}\n{text}\n````\n"


def main() -> None:
    """Record or compare, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.newest")
    parser.add_argument("verb", choices=["record", "compare"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.verb == "record":
        arguments.file.write_text(json.dumps(record(), indent=1), "utf-8")
    else:
        print(compare(json.loads(arguments.file.read_text("utf-8")), record()), end="")


if __name__ == "__main__":
    main()
