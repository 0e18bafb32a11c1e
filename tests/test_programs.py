"""What the site holds for programs says what its pages say."""

import contextlib
import hashlib
import html
import importlib.metadata
import io
import json
import re
import zipfile

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader

from tests.conftest import SITE_URL
from tools import catalog, data, notebooks, plain, programs
from tools.artefacts import find, store
from tools.pages import ROOT, PageError, read

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<header>.*)\n(?P<code>(?:.*\n)*?)(?P=indent)(?P=fence)$",
    re.MULTILINE,
)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def texts(site) -> dict[str, str]:
    """Each page as Markdown, by the address of the page."""
    return {
        path.parent.relative_to(site).as_posix().removeprefix(".").rstrip("/")
        + ("/" if path.parent != site else ""): path.read_text("utf-8")
        for path in sorted(site.rglob("index.md"))
    }


@pytest.fixture(scope="module")
def rows(site):
    """The rows of a file of data."""

    def reader(name: str, key: str | None = None) -> list[dict]:
        return json.loads((site / f"data/{name}.json").read_text("utf-8"))[key or name]

    return reader


@pytest.fixture(scope="module")
def words(site):
    """The text of a built page, its white space collapsed."""
    kept = {}

    def reader(url: str) -> str:
        if url not in kept:
            text = (site / url / "index.html").read_text("utf-8")
            text = re.sub(r"<svg.*?</svg>|<[^>]+>", "", text, flags=re.DOTALL)
            kept[url] = " ".join(html.unescape(text).split())
        return kept[url]

    return reader


def prose(text: str) -> str:
    return _SPAN.sub("", _FENCE.sub("", text))


def place(address: str) -> tuple[str, str]:
    """Address below the root, and anchor."""
    assert address.startswith(SITE_URL)
    url, _, anchor = address.removeprefix(SITE_URL).partition("#")
    return url, anchor


def test_every_page_is_markdown_too(texts, documents):
    assert set(texts) == set(documents) - {"404.html"}


def test_code_in_markdown_is_the_code_of_the_page(texts, documents):
    for url, text in texts.items():
        found = []
        for block in _FENCE.finditer(text):
            if block["header"] == "text" and url.startswith("reference/snippets/"):
                continue  # a docstring, which mkdocstrings sets as prose
            lines = block["code"].split("\n")
            found.append("\n".join(line[len(block["indent"]) :] for line in lines))
        shown = [code.strip("\n") for code in documents[url].code]
        assert [code.strip("\n") for code in found] == shown, url


def test_what_became_of_a_block_stands_behind_its_language(texts):
    for path in sorted((ROOT / "docs").rglob("*.md")):
        source = path.read_text("utf-8")
        url = path.relative_to(ROOT / "docs").with_suffix("").as_posix() + "/"
        text = texts[re.sub(r"(^|/)index/$", r"\1", url)]
        for marker in ("python raises", "text output", "python notest"):
            written = "{." + marker.replace(" ", " .")
            count = len(re.findall(rf"^ *```{re.escape(written)}", source, re.M))
            made = len(re.findall(rf"^ *```{marker}\b", text, re.M))
            assert made == count, f"{path}: {marker}"


def test_headings_in_markdown_are_those_of_the_page(texts, documents):
    signs = re.compile(r"[`*\\ ]")
    for url, text in texts.items():
        if url.startswith("reference/snippets/"):  # mkdocstrings writes others
            continue
        text = _FENCE.sub("", text)
        found = re.findall(r"^(#+) (.+?)(?: \{ #[\w-]+ \})?$", text, re.M)
        shown = documents[url].headings
        assert [len(level) for level, _ in found] == [level for level, _ in shown], url
        for (_, title), (_, other) in zip(found, shown, strict=True):
            if "$" not in title:
                assert signs.sub("", title) == signs.sub("", other)


def test_links_in_markdown_lead_somewhere(texts, site, documents):
    count = 0
    for url, text in texts.items():
        for target in _LINK.findall(prose(text)):
            count += 1
            if target.startswith("#"):
                assert target[1:] in documents[url].ids, f"{url}: {target}"
            elif target.startswith(SITE_URL):
                path, anchor = place(target)
                assert (site / path).is_file(), f"{url}: {target}"
                if anchor:
                    page = path.removesuffix("index.md")
                    assert anchor in documents[page].ids, f"{url}: {target}"
            else:
                assert re.match(r"(https|mailto):", target), f"{url}: {target}"
    assert count > 4000


def test_nothing_is_left_that_only_the_theme_understands(texts):
    left = re.compile(
        r"^ *(\?\?\?|!!!|===|:::) |--8<--|\{ ?\.[a-z]|\]\[(\w+\.[\w.]*)?\]| markdown>"
    )
    for url, text in texts.items():
        found = [line for line in prose(text).split("\n") if left.search(line)]
        assert not found, f"{url}: {found[:3]}"


def test_front_matter_says_what_and_where(texts, documents):
    for url, text in texts.items():
        _, front, body = text.split("---\n", 2)
        fields = yaml.safe_load(front)
        assert fields["canonical"] == SITE_URL + url
        assert len(fields["description"]) > 40, url
        assert body.lstrip().startswith("# "), url


def test_pages_name_their_markdown(site, documents, texts):
    for url in texts:
        page = (site / url / "index.html").read_text("utf-8")
        link = r'<a href="(\./)?index\.md" rel="alternate" type="text/markdown">'
        assert re.search(link, page), url


def test_llms_txt_has_the_form_of_its_specification(site, texts):
    text = (site / "llms.txt").read_text("utf-8")
    title, _, quote, *_ = text.split("\n")
    assert title == "# Criterion"
    assert quote.startswith("> ")
    sections = re.split(r"^## (.+)$", text, flags=re.M)[1::2]
    assert sections[0] == "Home"
    assert sections[-3:] == ["Evidence", "Data", "Optional"]
    release = importlib.metadata.version("torch").split("+")[0]
    assert f"Everything ran with torch {release}: " in text
    lines = [
        line for line in text.split("\n## ", 1)[1].split("\n") if line.startswith("-")
    ]
    links = [re.fullmatch(r"- \[.+\]\((\S+)\): \S.+", line) for line in lines]
    assert all(links), [
        line for line, link in zip(lines, links, strict=True) if not link
    ]
    paths = [place(link[1])[0] for link in links]
    assert all((site / path).is_file() for path in paths)
    assert sorted(paths) == sorted(
        [*(f"{url}index.md" for url in texts), *programs.DATA]
    )


def test_llms_full_is_every_page_in_the_order_of_the_navigation(site, texts):
    full = (site / "llms-full.txt").read_text("utf-8")
    starts = {url: full.find(text.rstrip("\n")) for url, text in texts.items()}
    assert min(starts.values()) == 0
    assert starts[""] == 0
    assert (
        starts["losses/regression/"] < starts["losses/binary/"] < starts["contribute/"]
    )
    assert len(full) == sum(len(text) for text in texts.values()) + len(texts) - 1


SNIPPETS = find()


@pytest.fixture(scope="module")
def manifest(site) -> dict:
    return json.loads((site / "snippets/manifest.json").read_text("utf-8"))


def test_snippets_are_files_as_in_the_repository(site):
    paths = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "snippets").rglob("*.py")
    }
    built = {
        path.relative_to(site).as_posix() for path in (site / "snippets").rglob("*.py")
    }
    assert built == paths
    for path in paths:
        assert (site / path).read_bytes() == (ROOT / path).read_bytes()


def test_the_manifest_describes_every_snippet(manifest, site, documents):
    rows = {row["path"]: row for row in manifest["snippets"]}
    assert list(rows) == [s.path.relative_to(ROOT).as_posix() for s in SNIPPETS]
    for snippet, (path, row) in zip(SNIPPETS, rows.items(), strict=True):
        source = (ROOT / path).read_text("utf-8")
        assert row["sha256"] == hashlib.sha256(source.encode()).hexdigest()
        assert row["kind"] == (snippet.verb or "snippet")
        assert re.search(rf"^(def|class) {row['object']}\b", source, re.M), path
        assert not snippet.verb or row["object"] == snippet.verb
        assert row["address"] == SITE_URL + path
        assert source.strip("\n") in {
            code.strip("\n") for code in documents[place(row["page"])[0]].code
        }, path
        assert row["licence"] == "MIT-0"
        assert row["summary"], path
        for name in row["imports"]:
            assert f"from {name} import" in source
            assert (site / f"{name.replace('.', '/')}.py").is_file()
    assert set(manifest["tested"]) == {"python", "torch", "matplotlib", "scikit-learn"}


def test_the_manifest_says_what_a_call_takes_returns_and_raises(manifest):
    rows = {row["object"]: row for row in manifest["snippets"]}
    huber = rows["same_shape"] if "same_shape" in rows else rows["SameShape"]
    assert huber["path"] == "snippets/losses/regression/same_shape.py"
    pinball = rows["pinball_loss"] if "pinball_loss" in rows else rows["pinball"]
    assert pinball["signature"].startswith("pinball")
    assert "prediction" in pinball["args"]
    assert "scalar" in pinball["returns"] or "Tensor" in pinball["returns"]
    assert pinball["raises"].startswith("ValueError:")
    assert "Koenker" in pinball["source"]
    assert ">>>" in pinball["examples"]
    assert "self" not in rows["GradNorm"]["signature"]


def test_the_archive_holds_all_snippets_and_their_licence(site, manifest):
    with zipfile.ZipFile(site / "snippets.zip") as archive:
        names = archive.namelist()
        rows = manifest["snippets"]
        assert names == sorted(["LICENSE", "manifest.json", *(r["path"] for r in rows)])
        for row in rows:
            content = archive.read(row["path"])
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert json.loads(archive.read("manifest.json")) == manifest
        licence = archive.read("LICENSE").decode()
        assert {info.date_time for info in archive.infolist()} == {
            (1980, 1, 1, 0, 0, 0)
        }
    assert "MIT-0" in licence
    assert "without restriction" in licence
    assert "above copyright notice" not in licence  # the condition of the other part


def test_an_archive_of_the_same_files_is_the_same(tmp_path):
    entries = [{"path": "snippets/losses/regression/huber.py"}]
    archive = catalog.archive(entries, "{}")
    assert archive == catalog.archive(entries, "{}")
    assert archive != catalog.archive(entries, "{ }")


def test_a_licence_without_its_part_is_refused(tmp_path):
    (tmp_path / "LICENSE").write_text("MIT\n")
    with pytest.raises(ValueError, match=r"LICENSE: wanted a part 1 .*\(MIT-0\)"):
        catalog.licence(tmp_path)


def test_a_changed_snippet_is_described_anew(tmp_path):
    path = tmp_path / "snippets/losses/page/idea.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        '"""A."""\n\n\ndef one(x: int) -> int:\n    """Add."""\n    return x\n'
    )
    cache = tmp_path / "kept"
    (entry,) = catalog.describe(find(tmp_path), cache, tmp_path)
    assert (entry["signature"], entry["summary"]) == ("one(x: int) -> int", "Add.")
    assert (entry["page"], entry["about"]) == ("losses/page/", "A.")
    assert catalog.describe(find(tmp_path), cache, tmp_path) == [entry]
    path.write_text('"""A."""\n\n\ndef one() -> int:\n    """Be 1."""\n    return 1\n')
    (entry,) = catalog.describe(find(tmp_path), cache, tmp_path)
    assert (entry["signature"], entry["summary"]) == ("one() -> int", "Be 1.")
    kept = {entry["name"]: entry | {"summary": "Old.", "tool": "another"}}
    store(cache, kept)  # as an earlier version of the tool described it
    assert catalog.describe(find(tmp_path), cache, tmp_path) == [entry]


def test_contracts_are_those_of_their_page(rows, words, documents, site):
    losses = rows("contracts", "losses")
    assert len(losses) == 23
    text = words("losses/contracts/")
    content = json.loads((site / "data/contracts.json").read_text("utf-8"))
    assert content["torch"] == importlib.metadata.version("torch").split("+")[0]
    explained = content["kinds"]
    for loss in losses:
        url, anchor = place(loss["address"])
        assert anchor in documents[url].ids
        chapter, section = place(loss["chapter"])
        assert section in documents[chapter].ids
        assert loss["symbols"][0] == f"torch.nn.{loss['name']}"
        assert loss["arguments"]
        for arguments in loss["arguments"]:
            assert arguments in text
            for kind in re.findall(r"(\w[\w -]*) \(", arguments):
                assert kind in explained, kind
        for mistake in loss["mistakes"]:
            assert mistake.get("message", "") in text, mistake
            assert mistake.get("then", "").replace("`", "") in text
            assert mistake["mistake"].replace("`", "") in text
            assert mistake["does"] in {"raises", "warns", "silent"}
            assert ("then" in mistake) == (mistake["does"] != "raises")
    mistakes = sum(len(loss["mistakes"]) for loss in losses)
    page = (site / "losses/contracts/index.html").read_text("utf-8")
    table = page[page.index('id="regression"') : page.index('id="yours"')]
    assert table.count("<tr>") == mistakes + len(losses)


def test_errors_are_those_of_their_pages(rows, words, documents, site):
    errors = rows("errors")
    count = 0
    for url, document in documents.items():
        if url.startswith("troubleshoot/messages/"):
            count += sum(level == 3 for level, _ in document.headings)
    assert len(errors) == count
    setup = json.loads((site / "data/errors.json").read_text("utf-8"))["setup"]
    for error in errors:
        url, anchor = place(error["address"])
        assert anchor in documents[url].ids
        assert error["messages"] or error["other wordings"], error["heading"]
        text = words(url).replace(" ", "")
        for message in [*error["messages"], *error["other wordings"]]:
            assert message.replace(" ", "") in text.replace("warns:", ":"), message
        blocks = [code.strip("\n") for code in documents[url].code]
        for code in [*error["raised by"], *error["fix"]]:
            assert code.strip("\n") in blocks, error["address"]
        assert error["subject"] in setup
    assert all(code for code in setup.values())
    assert sum(bool(error["fix"]) for error in errors) > 0.9 * len(errors)
    assert all(error["cause"] for error in errors)


def test_recipes_are_those_of_their_page(rows, words, documents, site):
    recipes = rows("recipes")
    text = words("training/recipes/")
    links = documents["training/recipes/"].links
    page = (site / "training/recipes/index.html").read_text("utf-8")
    assert len(recipes) == len(re.findall(r"<br>batch ", page))
    for recipe in recipes:
        url, anchor = place(recipe["address"])
        assert anchor in documents[url].ids
        assert recipe["source"] in links
        assert (site / place(recipe["snippet"])[0]).is_file()
        rate = recipe["learning rate"].split(", groups")[0]
        fields = [recipe[k] for k in ("name", "batch", "clip", "weight decay", "task")]
        for field in (rate, *fields):
            assert " ".join(field.split()) in text
        assert recipe["confidence"] in "ABC"
    by_name = {recipe["name"]: recipe for recipe in recipes}
    nano = by_name["GPT-2 124M from scratch"]
    assert nano["snippet"].endswith("/nanogpt.py")
    assert nano["address"].endswith("#language")
    assert (nano["batch"], nano["clip"]) == ("491520 tokens", "norm 1.0")
    assert nano["optimizer"] == "AdamW 0.9, 0.95, eps 1e-8"
    assert by_name["RetinaNet on COCO"]["snippet"].endswith("/detectron2.py")


def test_claims_are_those_of_their_page(rows, words, documents, site):
    claims = rows("claims")
    page = (site / "evidence/claims/index.html").read_text("utf-8")
    assert len(claims) == len(re.findall(r'<em id="?[\w-]+', page))
    for claim in claims:
        url, anchor = place(claim["address"])
        assert anchor == claim["id"]
        assert anchor in documents[url].ids
        assert claim["verdict"] in {"holds", "depends", "does not hold"}
        for target in [*_LINK.findall(claim["see"]), *claim["named on"]]:
            if target.startswith(SITE_URL):
                there, section = place(target.replace("/index.md", "/"))
                assert not section or section in documents[there].ids, target
    assert sum(bool(claim["named on"]) for claim in claims) > 100


def test_the_example_of_the_page_on_data_reads_the_built_site(address):
    (block,) = [
        f for f in read(ROOT / "docs/reference/data.md") if f.marker == "notest"
    ]
    source = block.source.replace("https://…/", address)
    assert source != block.source
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(source, {})
    lines = printed.getvalue().splitlines()
    assert any(
        line.startswith("PoissonNLLLoss | prediction `(N, 1)`") for line in lines
    )
    assert "F.cross_entropy(logits, labels.long())" in lines


def test_the_page_on_data_says_how_large_the_files_are(site, words):
    text = words("reference/data/")
    for path in (*programs.DATA, *programs.LISTS):
        name = path.rpartition("/")[2]
        number, unit = re.search(rf"{re.escape(name)}, ([\d.]+) ([kM]B)", text).groups()
        size = float(number) * {"kB": 1e3, "MB": 1e6}[unit]
        step = 0.05e6 if unit == "MB" else 0.5e3
        assert abs(size - (site / path).stat().st_size) < 1.2 * step, path


def test_the_size_of_a_missing_file_is_refused():
    with pytest.raises(
        PageError, match=r"data-size='x.txt': wanted one of \['snippets"
    ):
        programs.fill('<span data-size="x.txt"></span>', {})


def convert(text: str, base: str = "https://a.example/", here: str = "") -> str:
    urls = {"losses/one.md": "losses/one/", "losses/one": "losses/one/", "index.md": ""}
    symbols = {
        "torch.nn.MSELoss": "https://torch.example/mse",
        "own": "losses/one/#own",
    }
    site = plain.Site(base, urls, symbols.get, lambda name: f"object {name}")
    return plain.convert(text, "losses/two.md", site, here)


@pytest.mark.parametrize(
    "text, made",
    [
        ("[a](one.md#x)", "[a](https://a.example/losses/one/index.md#x)"),
        ("[a](../index.md)", "[a](https://a.example/index.md)"),
        ("[a](#x), [b](https://b.example)", "[a](#x), [b](https://b.example)"),
        ("![seen](two/c.svg)", "![seen](https://a.example/losses/two/c.svg)"),
        ("[`a`][torch.nn.MSELoss]", "[`a`](https://torch.example/mse)"),
        ("[torch.nn.MSELoss][]", "[torch.nn.MSELoss](https://torch.example/mse)"),
        ("[a][own]", "[a](https://a.example/losses/one/index.md#own)"),
        (
            "[a][b]\n\n[b]: one.md",
            "[a][b]\n\n[b]: https://a.example/losses/one/index.md",
        ),
        ("[a][own]\n\n[own]: https://b", "[a][own]\n\n[own]: https://b"),
        ("`[a](one.md)` `{ .x }`", "`[a](one.md)` `{ .x }`"),
        ("# A { #a .x }\n\ntext\n{ .more }", "# A { #a }\n\ntext\n"),
        ("$a_{.5}$ { .x }", "$a_{.5}$"),
        ('<div class="x" markdown>\n\nA\n\n</div>', "A"),
        ('<details id="a" class="x" markdown>', '<details id="a">'),
        (
            '<ul data-x>\n<li data-y="z"><a href="one/#x"><code>a &lt; b</code></a></li>',
            "- [`a < b`](https://a.example/losses/one/index.md#x)",
        ),
        ("::: snippets.a.b", "object snippets.a.b"),
    ],
)
def test_prose_loses_what_is_for_the_theme(text, made):
    assert convert(text).strip() == made.strip()


@pytest.mark.parametrize(
    "here, made", [("losses/two", "../one/index.md#x"), ("", "losses/one/index.md#x")]
)
def test_links_are_relative_where_the_address_is_not_known(here, made):
    assert convert("[a](one.md#x)", base="", here=here) == f"[a]({made})\n"


def test_folded_blocks_become_titles_and_their_text_is_unindented():
    text = '??? example "A"\n\n    one\n\n    !!! note "B"\n\n        two\n\n    one\n\nzero'
    assert convert(text) == "**A**\n\none\n\n**B**\n\ntwo\n\none\n\nzero\n"


def test_code_stays_as_it_is():
    code = "a = {.x}\n\n\n\n[b](one.md)\n??? c"
    text = f"```{{.python .raises}}\n{code}\n\n```\n\n\n\n- a\n\n    ```python\n    b\n    ```"
    made = f"```python raises\n{code}\n```\n\n- a\n\n    ```python\n    b\n    ```\n"
    assert convert(text) == made


def test_a_reason_is_kept():
    text = '```{.python .notest data-reason="needs CUDA"}\na\n```'
    assert convert(text) == '```python notest reason="needs CUDA"\na\n```\n'


def test_the_end_of_an_include_is_no_blank_line():
    made = convert('```python\n--8<-- "snippets/losses/regression/huber.py"\n```')
    source = (
        (ROOT / "snippets/losses/regression/huber.py").read_text("utf-8").strip("\n")
    )
    assert made == f"```python\n{source}\n```\n"


@pytest.mark.parametrize(
    "url, made",
    [
        ("", "index.md"),
        ("a/b/", "a/b/index.md"),
        ("a/b.html", "a/b/index.md"),
        ("a/index.html", "a/index.md"),
        ("index.html", "index.md"),
    ],
)
def test_the_address_of_a_page_as_markdown(url, made):
    assert plain.address(url) == made


def test_a_notebook_shows_what_its_cells_printed(site):
    source = (ROOT / "docs/evidence/contamination.py").read_text("utf-8")
    text = (site / "evidence/contamination/index.md").read_text("utf-8")
    cells = json.loads(notebooks.ipynb(source))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    blocks = _FENCE.findall(text)
    assert [b[3].strip("\n") for b in blocks if b[2] == "python"] == code
    assert "largest difference of the two fits: " in text
    after = text.partition("largest difference of the two fits: {")[2]
    assert after.index("```text output\nlargest difference") < after.index("## Result")
    assert text.count("Figure: ") >= 2


def test_a_cell_comes_with_its_own_outputs():
    block = '<div class="language-{} highlight"><pre><span></span><code>{}\n</code></pre></div>'
    page = (
        block.format("python", "a")
        + block.format("python", "b")
        + block.format("text output", "<span>1</span> &lt; 2")
        + '<svg class="plot" aria-label="x &lt; y">'
    )
    made = notebooks.markdown("# %%\na\n\n# %%\nb\n", page)
    shown = "```text output\n1 < 2\n```\n\nFigure: x < y\n"
    assert made == f"```python\na\n```\n\n```python\nb\n```\n\n{shown}"


@pytest.mark.parametrize(
    "repository",
    [
        "https://github.com/one/two.x",
        "https://github.com/one/two.x/",
        "https://github.com/one/two.x.git",
    ],
)
def test_colab_opens_the_published_notebook(repository, site):
    link = notebooks.colab(repository, "evidence/contamination/")
    branch = "https://colab.research.google.com/github/one/two.x/blob/notebooks/"
    assert link.startswith(branch)
    assert (site / link.removeprefix(branch)).is_file()


@pytest.mark.parametrize("repository", ["", "https://gitlab.com/one/two", "one/two"])
def test_colab_opens_nothing_from_elsewhere(repository):
    assert notebooks.colab(repository, "evidence/contamination/") == ""


@pytest.mark.parametrize("colab", ["", "https://colab.example/x"])
def test_a_page_ends_with_its_links(colab):
    theme = Environment(loader=FileSystemLoader(ROOT / "tools/theme"))
    theme.filters["url"] = str
    template = theme.get_template("partials/source-file.html")
    made = template.render(plain="a/index.md", colab=colab)
    assert re.findall(r'href="([^"]*)"', made) == ["a/index.md", *filter(None, [colab])]
    assert not template.render().strip()  # of a page that is none, as 404.html


@pytest.mark.parametrize(
    "happens, row",
    [
        ("`E: a`", {"does": "raises", "message": "E: a"}),
        ("``E: `a` ``", {"does": "raises", "message": "E: `a`"}),
        (
            "warns `W: a`, then the same loss",
            {"does": "warns", "message": "W: a", "then": "the same loss"},
        ),
        ("**silent**: nan", {"does": "silent", "then": "nan"}),
    ],
)
def test_a_mistake_is_read_from_its_row(happens, row):
    assert data._mistake("x", happens) == {"mistake": "x"} | row


def test_the_set_up_is_what_runs_before_the_first_message(tmp_path):
    page = tmp_path / "docs/a.md"
    page.parent.mkdir()
    page.write_text(
        "# A\n\n```python\na\n```\n\n## B\n\n```python\nb\n```\n\n### C\n\n"
        "```python\nc\n```\n"
    )
    assert data._setup(page.relative_to(tmp_path / "docs"), tmp_path) == "a\n\nb\n"


def test_cells_of_a_table_may_hold_its_sign():
    rows = data._rows("| a | `b\\|c` |\n| --- | ---: |\n| 1 | 2 |")
    assert rows == [["a", "`b|c`"], ["1", "2"]]


def test_a_row_that_is_neither_is_refused():
    with pytest.raises(ValueError, match="wanted one span of code, got 'nothing'"):
        data._mistake("x", "nothing")


def test_a_loss_without_a_section_is_refused():
    tables = {
        "losses/contracts/overview.md": "| loss |\n| --- |\n| [A](#a) |",
        "losses/contracts/mistakes.md": "## Regression { #regression }\n",
    }
    with pytest.raises(ValueError, match=r"no section of .*mistakes.md for \['A'\]"):
        data.contracts(tables)


def test_a_recipe_without_its_snippet_is_refused():
    row = "| [A b](https://c) (A)<br>batch 1; clip none | SGD<br>no decay | 0.1 |"
    table = (
        f"**T**\n\n| recipe | optimizer | learning rate |\n| --- | --- | --- |\n{row}"
    )
    tables = {f"training/recipes/{name}.md": table for name in ("images", "sequences")}
    with pytest.raises(
        PageError, match=r"recipes.md: wanted one snippet for 'A b', got \[\]"
    ):
        data.recipes(tables, [])


def test_addresses_are_relative_where_the_site_has_none():
    content = {
        "page": "a/",
        "rows": [{"address": "a/#b", "named on": ["c/"], "x": "a/"}],
    }
    assert json.loads(data.dump(content, "")) == content
    full = json.loads(data.dump(content, "https://d/"))
    row = {"address": "https://d/a/#b", "named on": ["https://d/c/"], "x": "a/"}
    assert full == {"page": "https://d/a/", "rows": [row]}
