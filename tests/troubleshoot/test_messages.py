"""Every message is listed, shown as it is printed, mended, and found from a traceback."""

import html
import re

import pytest

from tools.messages import FOLDER, entries, index
from tools.pages import ROOT, PageError

MESSAGES = entries("messages")
SILENT = entries("silent")
CLASS = re.compile(r"^[\w.]*(?:Error|Exception|Warning|Interrupt)\b:? ?")


def name(entry) -> str:
    return f"{entry.page.stem}#{entry.anchor}"


def heading(entry) -> str:
    """The part of the message that the heading quotes."""
    return html.unescape(re.search("<code>(.+?)</code>", entry.title)[1])


def last_line(entry, digits: str = "0123456789") -> str:
    """What a reader pastes: the message, with the digits replaced by others."""
    text = entry.messages[0].replace("...", " ")
    return re.sub(r"\d", lambda digit: digits[int(digit[0])], text)


def test_there_are_as_many_as_promised():
    assert len(MESSAGES) >= 170
    assert len(SILENT) >= 80


@pytest.mark.parametrize("entry", MESSAGES, ids=name)
def test_an_entry_shows_its_message_the_fix_and_where_to_read_on(entry):
    assert entry.messages, "no block that raises, with its output below"
    outputs = re.findall(r"```\{\.text \.output\}\n(.+?)```", entry.text, re.DOTALL)
    shown = " ".join(" ".join(outputs).split())
    # What a GPU says has a twin on the device `meta`.
    assert " ".join(heading(entry).split()) in shown or "cuda:0" in heading(entry)
    assert CLASS.match(entry.messages[0])
    after = entry.text.rpartition("```{.text .output}")[2]
    assert "```python" in entry.text, "no block runs the fix"
    assert re.search(r"\]\([\w./#-]+\)", after), "no link to a page"
    assert entry.text.count("{ .more }") == 1


@pytest.mark.parametrize("entry", SILENT, ids=name)
def test_a_silent_bug_has_its_damage_its_check_and_its_fix(entry):
    cost, _, rest = entry.text.partition("**Check.**")
    check, _, fix = rest.partition("**Fix.**")
    assert "```python" in cost, "no code as people write it"
    # In a few, the check is what shows the damage.
    assert "```{.text .output}" in cost + check, "no damage, measured"
    assert len(check.split()) > 3 and len(fix.split()) > 3, "no check, or no fix"


def test_pages_of_the_navigation_are_those_of_the_folder():
    for kind, found in (("messages", MESSAGES), ("silent", SILENT)):
        pages = {path.stem for path in (ROOT / "docs" / FOLDER / kind).glob("*.md")}
        assert {entry.page.stem for entry in found} == pages


@pytest.mark.parametrize(
    "text, wanted",
    [
        (
            "## No entry { #group }\n",
            r"docs/troubleshoot/messages/a.md: wanted entries",
        ),
        ("### `x` { #a }\n\n### `y` { #a }\n", r"found \['a', 'a'\]"),
    ],
)
def test_a_page_without_entries_of_their_own_is_refused(tmp_path, text, wanted):
    (tmp_path / "mkdocs.yml").write_text("nav:\n  - troubleshoot/messages/a.md\n")
    folder = tmp_path / "docs/troubleshoot/messages"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text('---\ntitle: "Messages: a"\n---\n' + text)
    with pytest.raises(PageError, match=wanted):
        entries("messages", tmp_path)


def test_a_page_without_a_subject_in_its_title_is_refused(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("nav:\n  - troubleshoot/silent/a.md\n")
    folder = tmp_path / "docs/troubleshoot/silent"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("---\ntitle: A\n---\n\n## X { #x }\n")
    with pytest.raises(
        PageError, match=r"docs/troubleshoot/silent/a.md: wanted a title"
    ):
        entries("silent", tmp_path)


def test_the_list_holds_message_and_older_wordings(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("nav:\n  - troubleshoot/messages/a.md\n")
    folder = tmp_path / "docs/troubleshoot/messages"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text(
        '---\ntitle: "Messages: a"\n---\n\n### ``a `b` <c>`` { #a }\n\n'
        "```{.python .raises}\nx\n```\n\n```{.text .output}\n"
        "ValueError: a `b` <c>\nand more\n```\n\n"
        "Older torch: `first`,\n`second`.\n[Page](x.md).\n{ .more }\n"
    )
    lines = index("messages", tmp_path).splitlines()
    assert "A <small>1</small>" in lines[1]
    assert 'data-other="ValueError: a `b` &lt;c&gt; and more¦first¦second"' in lines[3]
    assert '<a href="messages/a/#a"><code>a `b` &lt;c&gt;</code></a>' in lines[3]
