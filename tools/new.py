"""Lay out a new page or a new snippet, with all that the tests want beside it.

    python -m tools.new page losses/my_page --title "My page"
    python -m tools.new snippet losses/my_page/my_loss
    python -m tools.new snippet losses/my_page/my_curves --kind figure

What is left to write is marked in the files, and fails until it is written.
"""

import argparse
import keyword
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from string import Template

from tools.pages import ROOT

TEMPLATES = Path(__file__).parent / "templates"
LISTS = "tests/completeness.toml"
REFERENCE = "docs/reference/snippets"
KINDS = ("code", "figure", "table")
MARK = "TODO:"
# A file of such a name, copied alone into a folder, would stand in for the real one.
TAKEN = {*sys.stdlib_module_names, "torch", "numpy", "matplotlib", "sklearn"}

# Whole texts of files, by their paths below the root.
Texts = dict[str, str]


class NewError(Exception):
    """It cannot be laid out; the message says what came and what is wanted."""


def page(name: str, title: str, root: Path = ROOT) -> Texts:
    """A page, its place in the navigation and among the topics that are treated.

    Args:
        name: `section/page`, as in its address.
        title: What its heading says.
        root: The folder of `mkdocs.yml`.

    Returns:
        What `write` is to write.

    Raises:
        NewError: A bad name or title, an unknown section, or a page that exists.
    """
    section, own = _names(name, r"\w+/\w+", 'section and page, as in "losses/my_page"')
    path = f"docs/{name}.md"
    if (root / path).exists() or (root / f"docs/{name}").exists():
        raise NewError(f"{path} exists: choose another name, or edit it")
    title = title.strip()
    if not title or "\n" in title or '"' in title:
        raise NewError(f'title must be one line without quotation marks, got "{title}"')

    settings = (root / "mkdocs.yml").read_text("utf-8")
    entries = list(re.finditer(rf"^( *- ){section}/\w+\.md$", settings, re.MULTILINE))
    if not entries:
        known = re.findall(r"^ *- (\w+)/\w+\.md$", settings, re.MULTILINE)
        wanted = ", ".join(dict.fromkeys(known))
        raise NewError(f'no section "{section}" in nav of mkdocs.yml; it has {wanted}')
    end = entries[-1].end()
    entry = f"\n{entries[-1][1]}{name}.md"

    text = _fill(
        "page.md",
        title=title,
        tag=own.replace("_", " "),
    )
    return {
        path: text,
        "mkdocs.yml": settings[:end] + entry + settings[end:],
        LISTS: _topic((root / LISTS).read_text("utf-8"), title, f"{name}/"),
    }


def _topic(lists: str, title: str, url: str) -> str:
    """The lists of completeness with one topic more, which claims nothing yet."""
    before = tomllib.loads(lists)
    if title in before["topics"]["treated"]:
        raise NewError(f'"{title}" is a topic in {LISTS} already: choose another title')
    last = list(
        re.finditer(r'^".*$', lists[: lists.index("\n[claims]\n")], re.MULTILINE)
    )
    end = last[-1].end()
    text = f'{lists[:end]}\n"{title}" = "{url}"{lists[end:].rstrip()}'
    text = f'{text.removesuffix("]")}  "{title}",\n]\n'
    before["topics"]["treated"][title] = url
    before["no_claim"]["topics"].append(title)
    assert tomllib.loads(text) == before, f"{LISTS} is not laid out as it was"
    return text


def snippet(name: str, kind: str = "code", root: Path = ROOT) -> Texts:
    """A snippet, shown on its page; code is also tested and listed in the reference.

    Args:
        name: `section/page/snippet`; the page exists.
        kind: `"code"`, `"figure"` or `"table"`.
        root: The folder of `mkdocs.yml`.

    Returns:
        What `write` is to write.

    Raises:
        NewError: A bad name, a page that does not exist, or a snippet that exists.
    """
    if kind not in KINDS:
        raise NewError(f'kind must be one of {", ".join(KINDS)}, got "{kind}"')
    example = 'page and snippet, as in "losses/regression/my_loss"'
    *folders, own = _names(name, r"\w+(/\w+){2,}", example)
    if own in TAKEN:
        raise NewError(
            f'"{own}" is the name of a module that readers import: choose another'
        )
    path, shown = f"snippets/{name}.py", f"docs/{'/'.join(folders)}.md"
    if (root / path).exists():
        raise NewError(f"{path} exists: choose another name, or edit it")
    if not (root / shown).is_file():
        raise NewError(
            f"there is no page {shown}, which would show it; lay it out first with "
            f'python -m tools.new page {"/".join(folders)} --title "…"'
        )
    form = kind
    if kind == "code":
        form = "loss" if folders[0] == "losses" else "function"
    text = _shown(root / shown, path, own, kind)
    texts = {path: _fill(f"{form}.py", name=own), shown: text}
    if kind == "code":
        tests = f"tests/{'/'.join(folders[:-1])}/test_{folders[-1]}.py"
        checks = _fill(f"test_{form}.py", name=own)
        dotted = f"snippets.{'.'.join(folders)}.{own}"
        texts[tests] = _tested(root, tests, f"from {dotted} import {own}", checks)
        texts |= _listed(folders, f"::: {dotted}.{own}", root)
    return texts


def _shown(page: Path, path: str, name: str, kind: str) -> str:
    """The page with the snippet in front of its sources, or at its end."""
    text = page.read_text("utf-8")
    anchor = name.replace("_", "-")
    if f"#{anchor} }}" in text:
        anchor += "-code"
    block = _fill(
        f"{kind}.md",
        heading=name.replace("_", " ").capitalize(),
        anchor=anchor,
        folder=page.stem,
        name=name,
        path=path,
    )
    ends = re.search(r"^## .*\{ #(evidence|sources) \}$", text, re.MULTILINE)
    at = ends.start() if ends else len(text)
    return f"{text[:at].rstrip()}\n\n{block}\n{text[at:]}".rstrip() + "\n"


def _tested(root: Path, path: str, imported: str, checks: str) -> str:
    """The tests of the page with those of the snippet at their end."""
    needed = f"import pytest\nimport torch\n\n{imported}\n"
    text = f'"""{MARK} what they compare with."""\n\n{needed}'
    if (root / path).is_file():
        text = (root / path).read_text("utf-8")
        # In front of the first import; ruff puts each in its place, and once.
        at = re.search(r"^(import|from) ", text, re.MULTILINE)
        at = at.start() if at else len(text)
        text = text[:at] + needed + text[at:]
    text = f"{text.rstrip()}\n\n\n{checks}"
    own = 'lint.isort.known-first-party=["snippets"]'  # not on the disk yet
    sort = ["check", "--fix", "--select=I", "--config", own]
    for command in (sort, ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--quiet"]
        ruff += ["--stdin-filename", path, "-"]
        text = subprocess.run(
            ruff, input=text, cwd=root, check=True, text=True, stdout=subprocess.PIPE
        ).stdout
    return text


def _listed(folders: list[str], entry: str, root: Path) -> Texts:
    """The page of the reference that lists the snippets of the page, with one more."""
    name = "/".join(folders)
    anchor = name.replace("/", "-").replace("_", "-")
    files = sorted((root / REFERENCE).glob("*.md"))
    for file in files:
        text = file.read_text("utf-8")
        section = re.compile(
            rf"^## .*\{{ #{anchor} \}}$(?:\n(?!## ).*)*", re.MULTILINE
        ).search(text)
        if section:
            text = (
                f"{text[: section.end()].rstrip()}\n\n{entry}\n{text[section.end() :]}"
            )
            return {f"{REFERENCE}/{file.name}": text}

    file = _neighbour(name, files, root)
    found = re.search(
        r'^title: (".*"|.*)$',
        (root / f"docs/{name}.md").read_text("utf-8"),
        re.MULTILINE,
    )
    title = found[1].strip('"')
    link = f"Shown on [{title}](../../{name}.md)."
    text = file.read_text("utf-8").rstrip()
    text += f"\n\n## {title} {{ #{anchor} }}\n\n{link}\n\n{entry}\n"
    # Both name the chapters of the page.
    text = re.sub(
        r'^(description: .*)(\."?)$',
        rf"\1, {title}\2",
        text,
        count=1,
        flags=re.MULTILINE,
    )
    index = (root / REFERENCE / "index.md").read_text("utf-8")
    line = rf"^(- \[.*\]\({file.name}\): .*)\.$"
    index = re.sub(line, rf"\1, {title}.", index, count=1, flags=re.MULTILINE)
    return {f"{REFERENCE}/{file.name}": text, f"{REFERENCE}/index.md": index}


def _neighbour(name: str, files: list[Path], root: Path) -> Path:
    """The page of the reference that lists the page before this one in the navigation."""
    settings = (root / "mkdocs.yml").read_text("utf-8")
    section = name.split("/")[0]
    pages = re.findall(rf"^ *- ({section}/\w+)\.md$", settings, re.MULTILINE)
    for other in reversed(pages):
        anchor = other.replace("/", "-").replace("_", "-")
        for file in files:
            if f"{{ #{anchor} }}" in file.read_text("utf-8"):
                return file
    raise NewError(f"no page of {REFERENCE}/ lists snippets of {section}/: begin one")


def _names(name: str, pattern: str, example: str) -> list[str]:
    parts = name.split("/")
    good = (
        p.isidentifier() and p.islower() and not keyword.iskeyword(p) for p in parts
    )
    if not re.fullmatch(pattern, name) or not all(good):
        raise NewError(
            f"name must be {example}, without ending, each part lower-case letters, "
            f'digits and "_" and no keyword of Python, got "{name}"'
        )
    return parts


def _fill(template: str, **words: str) -> str:
    text = (TEMPLATES / f"{template}.txt").read_text("utf-8")
    return Template(text).substitute(words)


def write(texts: Texts, root: Path = ROOT) -> None:
    """Write all files, or none: each is whole beside its place before one moves there."""
    ready: list[tuple[Path, Path]] = []
    try:
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            ready.append((beside, path))
            beside.write_text(text, "utf-8")
        for beside, path in ready:
            beside.replace(path)
    finally:
        for beside, _ in ready:
            beside.unlink(missing_ok=True)


def left(texts: Texts, root: Path = ROOT) -> list[str]:
    """`file:line: what is left to write`, of texts that `write` did not write yet."""
    found = []
    for name, text in texts.items():
        path = root / name
        old = path.read_text("utf-8").split("\n") if path.is_file() else []
        for number, line in enumerate(text.split("\n"), start=1):
            if line in old:
                old.remove(line)
            elif mark := re.search(rf"{MARK} ([^\"\]]+)", line):
                found.append(f"{name}:{number}: {mark[1]}")
    return found


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.new",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(dest="what", required=True)
    command = what.add_parser("page", help="name it section/page")
    command.add_argument("name")
    command.add_argument("--title", required=True)
    command = what.add_parser("snippet", help="name it section/page/snippet")
    command.add_argument("name")
    command.add_argument("--kind", default=KINDS[0], help=", ".join(KINDS))
    options = vars(parser.parse_args(arguments))
    lay_out = {"page": page, "snippet": snippet}[options.pop("what")]
    try:
        texts = lay_out(**options, root=root)
    except NewError as error:
        sys.exit(str(error))
    todo = left(texts, root)
    write(texts, root)
    checked = [n for n in texts if n.endswith((".md", ".py")) and REFERENCE not in n]
    print("Written:", *texts, sep="\n  ")
    print("\nLeft to write:", *todo, sep="\n  ")
    print("\nThen:\n  .venv/bin/pytest", *checked)
    print("  .venv/bin/pytest tests/test_snippets.py tests/test_prose.py")


if __name__ == "__main__":
    main()
