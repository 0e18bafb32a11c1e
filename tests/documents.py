"""A built page, and what the tests ask about it."""

import re
from html.parser import HTMLParser

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}
RESOURCES = {"script": "src", "img": "src", "iframe": "src", "source": "src"}
RESOURCES |= {"video": "src", "audio": "src", "object": "data"}
# A browser loads no page that a page links to.
NO_RESOURCES = {"alternate", "canonical", "next", "prev"}
HEADING = re.compile("h[1-6]")


class Document(HTMLParser):
    """One page of the built site.

    Attributes:
        ids: All ids, in order.
        links: Targets of links.
        resources: Addresses that a browser loads with the page.
        images: Attributes of each `img` and `svg`, and its `tag`.
        headings: Level and text of each heading of the article.
        code: Text of each block of code of the page's own (not of mkdocstrings).
        language: The page's `lang`.
    """

    def __init__(self, html: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.resources: list[str] = []
        self.images: list[dict[str, str]] = []
        self.headings: list[tuple[int, str]] = []
        self.code: list[str] = []
        self.language = ""
        self._open: list[tuple[str, set[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "html":
            self.language = values.get("lang")
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in RESOURCES and values.get(RESOURCES[tag]):
            self.resources.append(values[RESOURCES[tag]])
        if tag == "link" and values.get("rel") not in NO_RESOURCES:
            self.resources.append(values["href"])
        if tag in {"img", "svg"}:
            self.images.append(values | {"tag": tag})
        if HEADING.fullmatch(tag) and self._inside("article"):
            self.headings.append((int(tag[1]), ""))
        if tag == "code" and self._in_block():
            self.code.append("")
        if tag not in VOID:
            self._open.append((tag, set((values.get("class") or "").split())))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self._inside("code") and self._in_block():
            self.code[-1] += data
            return
        in_heading = any(HEADING.fullmatch(tag) for tag, _ in self._open)
        # The sign of the permanent link is no part of the title.
        if in_heading and self.headings and not self._has_class("headerlink"):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data

    def _inside(self, tag: str) -> bool:
        return any(tag == name for name, _ in self._open)

    def _has_class(self, name: str) -> bool:
        return any(name in classes for _, classes in self._open)

    def _in_block(self) -> bool:
        own = self._has_class("highlight") and not self._has_class("doc")
        return self._inside("pre") and own
