"""The search worker of Material, with one bug of its lunr mended.

lunr 2.3.9 names a node of its word graph by joining, for each edge, the label and the
number of the node it leads to, with nothing between: "1" to node 23 and "12" to node 3
share a name, and nodes that share a name are merged. Words vanish from the index, others
appear that no page has, and a query that reaches one of those shows no result at all.
"""

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
