"""All that the site holds for programs: pages as Markdown, snippets as files, data.

`files` makes them from what a build knows; `tools/hooks.py` writes them into the site.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tools import catalog, data, notebooks, plain
from tools.artefacts import Snippet
from tools.pages import ROOT, PageError

# What is in each file that a program may want, by its address below the root.
DATA = {
    "snippets.zip": "all snippets, their licence and the manifest",
    "snippets/manifest.json": "each snippet: signature, shapes, errors, source, hash",
    "data/contracts.json": "each loss of torch: arguments, dtypes, what mistakes do",
    "data/errors.json": "each error message: cause, the code that raises it, the fix",
    "data/recipes.json": "published optimizers and schedules, by task",
    "data/claims.json": "what people say, and whether it holds",
}
LISTS = ("llms.txt", "llms-full.txt")


def files(
    pages: list[plain.Page],
    snippets: list[Snippet],
    artefacts: dict[str, str],
    symbol: Callable[[str], str | None],
    about: dict[str, str],
    cache: Path,
    root: Path = ROOT,
) -> dict[str, bytes]:
    """Every file for programs, by its path below the root of the site.

    Args:
        pages: All pages, in the order of the navigation.
        snippets: All snippets.
        artefacts: Results of `tools.artefacts.build`.
        symbol: The address of a symbol such as `torch.nn.MSELoss`, or None.
        about: `name`, `description` and `url` of the site; the last may be "".
        cache: File that keeps the descriptions of snippets.
        root: Folder that holds `docs/` and `snippets/`.
    """
    base = about["url"]
    entries = catalog.describe(snippets, cache, root)
    described = {f"{entry['name']}.{entry['object']}": entry for entry in entries}
    urls = {page.path: page.url for page in pages}
    urls |= {page.url.rstrip("/"): page.url for page in pages}
    site = plain.Site(
        base, urls, symbol, lambda name: catalog.markdown(name, described[name])
    )

    def prose(text: str, page: Path) -> str:
        return plain.convert(text, page.as_posix(), site, root=root).strip()

    texts = {}
    everything = []
    for page in pages:
        text, path = page.text, page.path
        if page.html:
            # Its links start from its address, not from its file.
            text, path = notebooks.markdown(text, page.html), page.url + "index.md"
        own = plain.address(page.url)
        body = plain.convert(text, path, site, own.rpartition("/")[0], root)
        texts[own] = plain.document(page, body, base)
        if not base:
            body = plain.convert(text, path, site, root=root)
        everything.append(plain.document(page, body, base))

    manifest = data.dump(catalog.manifest(entries), base)
    made = {
        "snippets/manifest.json": manifest,
        "data/errors.json": data.dump(data.errors(prose, root), base),
        "data/claims.json": data.dump(data.claims(prose, root), base),
        "llms.txt": plain.llms(about["name"], about["description"], pages, DATA, base),
        "llms-full.txt": "\n".join(everything),
    }
    # Made from the tables of a page, which the small sites of the tests do not have.
    if data.CONTRACTS.as_posix() in urls:
        made["data/contracts.json"] = data.dump(data.contracts(artefacts, root), base)
    if data.RECIPES.as_posix() in urls:
        content = data.recipes(artefacts, entries, root)
        made["data/recipes.json"] = data.dump(content, base)
    made |= texts
    found = {path: text.encode() for path, text in made.items()}
    found |= {entry["path"]: (root / entry["path"]).read_bytes() for entry in entries}
    found["snippets.zip"] = catalog.archive(entries, manifest, root)
    for path, text in made.items():
        if _SIZE.search(text):
            found[path] = fill(text, found).encode()
    return found


_SIZE = re.compile(r'<span data-size="([\w./-]+)"></span>')


def fill(text: str, made: dict[str, bytes]) -> str:
    """A page on which sizes stand where it asks for them, as HTML or Markdown.

    Args:
        text: Of the page; it asks with `<span data-size="llms.txt"></span>`.
        made: What `files` returns.

    Raises:
        PageError: It asks for the size of a file that there is not.
    """

    def size(found: re.Match[str]) -> str:
        if found[1] not in made:
            raise PageError(f"data-size={found[1]!r}: wanted one of {[*DATA, *LISTS]}")
        count = len(made[found[1]])
        return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"

    return _SIZE.sub(size, text)
