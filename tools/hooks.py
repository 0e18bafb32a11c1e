"""What MkDocs calls while it builds; the work is done in the other modules of `tools`.

MkDocs loads this file by its path and leaves its folder importable only while a build
runs, so `tools` is imported inside the events.
"""

import functools
import hashlib
import logging
import os
import re
import sys
from pathlib import Path, PurePosixPath

from jinja2 import FileSystemBytecodeCache
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File
from mkdocs.structure.toc import get_toc

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
log = logging.getLogger("mkdocs.criterion")

# Of the build under way: the snippets, what they made, by path, and the characters of
# formulas.
snippets = []
artefacts: dict[str, str] = {}
characters: set[str] = set()
# Its pages, in the order of the navigation.
pages_in_order = []


class _NameTheLine(logging.Filter):
    """Puts file, line and what to do into messages that lack them."""

    LINK = re.compile(r"Doc file '(?P<page>[^']+)' contains .*?'(?P<what>[^']*)'")
    SYMBOL = re.compile(r"autorefs: (?P<page>[^:]+): .* target '(?P<what>[^']*)'")
    COLLECT = re.compile(r"^Could not collect '(?P<what>[^']*)'$")
    READING = re.compile(r"Error reading page '(?P<page>[^']+)'")
    ADVICE = {
        LINK: "Correct the link, or add what it names",
        SYMBOL: "Name it as an inventory in tools/inventories does, or as its module in "
        "snippets/ and docs/reference/snippets/ do",
        COLLECT: "Name a public object of a module in snippets/",
    }
    page = ""  # being read when an error came
    count = 0  # of warnings and errors

    def filter(self, record):
        from tools.render import where

        _NameTheLine.count += record.levelno >= logging.WARNING

        message = record.getMessage()
        if reading := self.READING.search(message):
            self.page = reading["page"]
        for pattern, advice in self.ADVICE.items():
            if found := pattern.search(message):
                page = found.groupdict().get("page", self.page)
                place = where(page, found["what"])
                text = f"{place}: {message.rstrip('.')}. {advice}."
                record.msg, record.args = text, ()
                break
        return True


def on_startup(command, dirty):
    sys.path.insert(0, str(ROOT))
    for handler in logging.getLogger("mkdocs").handlers:
        handler.addFilter(_NameTheLine())


@event_priority(100)  # before mkdocstrings begins to load the inventories
def on_config(config):
    from tools import claims, messages, suite, symbols
    from tools.artefacts import ArtefactError, build, find
    from tools.pages import PageError
    from tools.style import css

    if not config.repo_url:
        config.edit_uri = ""  # it would make links of its own
    config.extra["palette_css"] = css()
    python = config.plugins["mkdocstrings"].config.handlers["python"]
    for entry in python["inventories"]:
        # MkDocs keeps what it loads for a day, by address, files too: a fragment makes
        # the address of a changed file another one.
        path = ROOT / entry["url"].removeprefix("file:")
        entry["url"] += "#" + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    artefacts.clear()
    characters.clear()
    try:
        snippets[:] = find(ROOT)
        artefacts.update(build(snippets, CACHE / "artefacts", ROOT, log.info))
    except ArtefactError as error:
        raise PluginError(f"these snippets fail:\n{error}") from None
    try:
        for kind in ("messages", "symptoms", "silent"):
            artefacts[f"{messages.FOLDER}/{kind}.md"] = messages.index(kind)
        artefacts["evidence/experiments.md"] = claims.summary()
        artefacts["evidence/ledger.md"] = claims.ledger()
        for group, table in symbols.index().items():
            artefacts[f"reference/symbols/{group}.md"] = table
        # What docs/reference/tested.md counts.
        artefacts[f"{suite.FOLDER}/counts.md"] = suite.counts(snippets, artefacts)
        artefacts[f"{suite.FOLDER}/files.md"] = suite.files()
        artefacts[f"{suite.FOLDER}/not_run.md"] = suite.not_run()
    except PageError as error:
        raise PluginError(str(error)) from None
    return config


def on_files(files, config):
    from tools import kept, notebooks, programs

    # Loaded by tools/theme/main.html, on the pages that need it.
    config.extra_css.remove("assets/_mkdocstrings.css")
    _keep_templates(config.plugins["mkdocstrings"].get_handler("python").env)

    kept.keep_entries(config.plugins["material/search"].search_index, CACHE / "search")
    for file in list(files):
        if _is_notebook(file):
            base = file.src_uri.removesuffix(".py")
            name = PurePosixPath(base).name
            source = Path(file.abs_src_path).read_text("utf-8")
            for ending, text in ((".py", source), (".ipynb", notebooks.ipynb(source))):
                download = f"{base}/{name}{ending}"
                files.append(File.generated(config, download, content=text))
    for path, text in artefacts.items():
        if path.endswith(".svg"):
            files.append(File.generated(config, path, content=text))
    # Pages link to them; on_env fills them.
    for path in (*programs.DATA, *programs.LISTS):
        files.append(File.generated(config, path, content=""))
    return files


def on_nav(nav, config, files):
    pages_in_order[:] = nav.pages
    return nav


def _is_notebook(file):
    return file.src_uri.endswith(".py") and file.is_documentation_page()


def on_pre_page(page, config, files):
    if _is_notebook(page.file):
        # mkdocs-jupyter would keep results when an imported snippet changes.
        page.render = functools.partial(_render_notebook, page, page.render)
    else:
        page.render = functools.partial(_render_markdown, page, page.render)
    return page


def _render_markdown(page, convert, config, files):
    from tools import glossary, kept, pages

    key = kept.key_of_page(page, files)
    if kept.restore(page, key, config, files, CACHE / "pages"):
        return
    warnings = _NameTheLine.count
    try:
        # Read as the tests read it: an error then names its line.
        pages.read(Path(page.file.abs_src_path), ROOT)
    except pages.PageError as error:
        raise PluginError(str(error)) from None
    written, page.markdown = (
        page.markdown,
        glossary.link(page.markdown, page.file.src_uri),
    )
    convert(config, files)
    page.markdown = written
    # A warning would not be told again; with -q none is heard at all.
    if _NameTheLine.count == warnings and log.isEnabledFor(logging.WARNING):
        kept.keep(page, key, CACHE / "pages")


def _render_notebook(page, execute, config, files):
    from tools import kept, notebooks
    from tools.artefacts import key_of_text, load, store, write
    from tools.style import MATPLOTLIBRC

    path = f"docs/{page.file.src_uri}"
    source = Path(page.file.abs_src_path).read_text("utf-8")
    key = key_of_text(source, snippets)
    name = page.file.src_uri.removesuffix(".py").replace("/", ".")
    stored = CACHE / "notebooks" / name
    result = load(stored)
    if not result or result["key"] != key:
        log.info(f"running the notebook {path}")
        write(CACHE / "matplotlibrc", MATPLOTLIBRC.encode())
        os.environ |= {
            "MATPLOTLIBRC": str(CACHE / "matplotlibrc"),
            "OMP_NUM_THREADS": "1",
        }
        try:
            execute(config, files)
            html = notebooks.clean(page.content)
        except notebooks.NotebookError as error:
            raise PluginError(f"{path}: {error}") from None
        except Exception as error:  # of the cell, or of the kernel
            line, message = notebooks.failure(error, source)
            raise PluginError(f"{path}:{line}: the notebook fails: {message}") from None
        toc = kept.contents(page.toc)
        result = {"key": key, "html": html, "title": page.title, "toc": toc}
        store(stored, result)
    page.content, page.title = result["html"], result["title"]
    page.toc = get_toc(result["toc"])
    page.present_anchor_ids = set(re.findall(r'\bid="([^"]+)"', result["html"]))


@event_priority(-100)  # after autorefs knows the address of each symbol
def on_env(env, config, files):
    # White space of the theme's templates is a part of each page's weight that no one sees.
    env.trim_blocks = env.lstrip_blocks = True
    _keep_templates(env)
    _write_for_programs(config, files)
    return env


def _write_for_programs(config, files):
    from tools import plain, programs
    from tools.pages import PageError

    def symbol(name):
        try:
            return config.plugins["autorefs"].get_item_url(name)[0]
        except KeyError:
            return None

    pages = [
        plain.Page(
            path=page.file.src_uri,
            url=page.url,
            section=page.ancestors[-1].title if page.ancestors else str(page.title),
            title=str(page.title),
            description=page.meta.get("description", ""),
            text=page.markdown,
            html=page.content if _is_notebook(page.file) else "",
        )
        for page in pages_in_order
    ]
    names = ("site_name", "site_description", "site_url")
    about = {name.removeprefix("site_"): config[name] or "" for name in names}
    try:
        made = programs.files(
            pages, snippets, artefacts, symbol, about, CACHE / "manifest"
        )
        for page in pages_in_order:
            page.content = programs.fill(page.content, made)
    except PageError as error:
        raise PluginError(str(error)) from None
    for path, content in made.items():
        if path in (*programs.DATA, *programs.LISTS):
            files.get_file_from_path(path).content_bytes = content
        else:
            # MkDocs would take a Markdown file for another page.
            place = Path(config.site_dir, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def on_page_context(context, page, config, nav):
    from tools import notebooks, plain

    context["plain"] = plain.address(page.url)
    if _is_notebook(page.file):
        context["colab"] = notebooks.colab(config.repo_url or "", page.url)
    return context


def _keep_templates(env):
    # Compiling the templates of theme and mkdocstrings anew would be a good part of a build.
    (CACHE / "templates").mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(CACHE / "templates"))


def on_serve(server, config, builder):
    # A saved file is seen after a tenth of a second, not half a second.
    for emitter in server.observer.emitters:
        emitter._timeout = 0.1
    return server


def on_page_markdown(markdown, page, config, files):
    from tools import notebooks, pages, related, render

    if _is_notebook(page.file):
        page.meta |= notebooks.metadata(markdown)
    # Search splits words in CamelCase, and people type them in one.
    tags = page.meta.get("tags", [])
    page.meta["tags"] = [*tags, *(t.lower() for t in tags if t.lower() not in tags)]
    if _is_notebook(page.file):
        return markdown
    try:
        # At the end of the page: where to read on, and the names that lead to it.
        markdown += related.see_also(page.file.src_uri, page.meta.get("see_also", {}))
        markdown += related.subjects(tags)
        return render.join_tables(markdown, page.file.src_uri, artefacts)
    except pages.PageError as error:
        raise PluginError(str(error)) from None


def on_page_content(html, page, config, files):
    from tools import formulas, pages, render

    try:
        html = render.finish(
            html, page.file.src_uri, page.url, artefacts, config.repo_url or ""
        )
    except pages.PageError as error:
        raise PluginError(str(error)) from None
    characters.update(formulas.characters(html))
    return html


@event_priority(-100)  # after the search plugin has written its index
def on_post_build(config):
    from tools import formulas, messages, search_worker

    site = Path(config.site_dir)
    font = formulas.math_font(characters, CACHE / "fonts")
    (site / "assets/fonts").mkdir(parents=True, exist_ok=True)
    (site / "assets/fonts/math.woff2").write_bytes(font)
    said = {
        f"{messages.FOLDER}/{e.link}": e.other for e in messages.entries("messages")
    }
    search_worker.install(site, said)
