"""Search that costs nothing until it is used, with one bug of its lunr mended.

Material loads its search worker and the whole index with every page. `install` puts
`search_worker.js` in the worker's place, which loads both with the first query.

lunr 2.3.9 names a node of its word graph by joining, for each edge, the label and the
number of the node it leads to, with nothing between: "1" to node 23 and "12" to node 3
share a name, and nodes that share a name are merged. Words vanish from the index, others
appear that no page has, and a query that reaches one of those shows no result at all.
"""

import json
from pathlib import Path

_BUG = "e=e+s+o.id}"
_MENDED = 'e=e+s+","+o.id+";"}'


def patch(worker: str) -> str:
    """`worker`, the text of `workers/search.*.min.js`, mended.

    Raises:
        ValueError: The code to mend is not there exactly once: another version.
    """
    found = worker.count(_BUG)
    if found != 1:
        raise ValueError(f"expected {_BUG!r} once in the search worker, found {found}")
    return worker.replace(_BUG, _MENDED)


def install(site: Path, messages: dict[str, list[str]]) -> None:
    """Put `search_worker.js` before the worker and the index of a built site.

    Args:
        site: The built site.
        messages: What the entries of error messages print, by their addresses: each is
            found by it, whole or in part, as by its heading.

    Raises:
        ValueError: Not one worker, or another version of it.
    """
    folder = site / "assets/javascripts/workers"
    workers = list(folder.glob("search.*.min.js"))
    if len(workers) != 1:
        raise ValueError(f"expected one search worker in {folder}, found {workers}")
    (worker,) = workers
    (folder / "lunr.js").write_text(patch(worker.read_text("utf-8")), "utf-8")
    here = Path(__file__)
    worker.write_bytes(here.with_suffix(".js").read_bytes())
    rank = here.with_name("search_rank.js").read_bytes()
    (folder / "rank.js").write_bytes(rank)

    index = site / "search/search_index.json"
    content = json.loads(index.read_text("utf-8"))
    for entry in content["docs"]:
        # Of the page: each of its sections would match a tag as well as the right one.
        if "#" in entry["location"]:
            entry.pop("tags", None)
        if said := messages.get(entry["location"]):
            entry["messages"] = said
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (site / "search/index.json").write_text(text, "utf-8")
    # The page itself reads the settings only.
    index.write_text(json.dumps(content | {"docs": []}), "utf-8")
