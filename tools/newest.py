"""What another version of torch changes in the tables and messages of the guide.

    python -m tools.newest record before.json    with the pinned torch
    python -m tools.newest compare before.json   with the other one

The second prints a report in Markdown, and nothing where nothing changed.
"""

import argparse
import difflib
import json
import os
import sys
from pathlib import Path

from tools.artefacts import ArtefactError, _file, build, find, load
from tools.pages import ROOT
from tools.run import Page, RunError, perform


def record(root: Path = ROOT) -> dict:
    """What the installed torch makes of the guide.

    Returns:
        `torch`, its version; `failures`, of snippets, as one text; `tables`, the text of
        each by the snippet that makes it; `messages`, by the place of their block.
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
        result = load(_file(cache, snippet)) or {}
        if ".md" in result:
            tables[f"snippets/{snippet.place}.py"] = result[".md"]
    return failures, tables


def _messages(path: Path, root: Path) -> dict[str, str]:
    """What the `.raises` blocks of a page say, and how its other blocks fail."""
    page = Page(path, root)
    if not any(fence.marker == "raises" for fence in page.fences):
        return {}
    found = {}
    for fence in page.fences:
        if not fence.runs:
            continue
        try:
            text, failed = perform(fence, vars(page.module), root), False
        except RunError as error:
            text, failed = str(error), True
        if failed or fence.marker == "raises":
            found[fence.where(root)] = text
    return found


def compare(before: dict, after: dict) -> str:
    """What differs between two records, as Markdown; empty if nothing does."""
    parts = []
    for kind in "tables", "messages":
        old, new = before[kind], after[kind]
        changed = [
            name for name in sorted({*old, *new}) if old.get(name) != new.get(name)
        ]
        if changed:
            parts.append(f"## {len(changed)} of {len(old)} {kind}\n")
        for name in changed:
            lines = difflib.unified_diff(
                old.get(name, "").splitlines(),
                new.get(name, "").splitlines(),
                n=0,
                lineterm="",
            )
            rows = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
            parts.append("\n".join([f"`{name}`\n", "````diff", *rows, "````\n"]))
    if after["failures"] != before["failures"]:
        text = after["failures"] or "none any more"
        parts.append(f"## Snippets that fail\n\n````text\n{text}\n````\n")
    if not parts:
        return ""
    return "\n".join([f"torch {after['torch']} against {before['torch']}\n", *parts])


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
    os.chdir(ROOT)
    main()
