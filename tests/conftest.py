"""The built site, and a browser to look at it, for all tests that need them."""

import contextlib
import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from tests.documents import Document
from tools.pages import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GET_CHROMIUM = "no Chromium found; on Debian: apt-get install chromium"


def mkdocs_build(
    root: Path, site: Path, *options: str, repository: str = ""
) -> subprocess.CompletedProcess:
    """Build the site below `root` into `site`, as `make site` does."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "SITE_URL": SITE_URL}
    environment["REPO_URL"] = repository
    return subprocess.run(
        [*command, *options],
        cwd=root,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


SITE_URL = "https://criterion.example/guide/"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@functools.cache
def _turn() -> int:
    digest = hashlib.sha256()
    pages, snippets = (ROOT / "docs").rglob("*.md"), (ROOT / "snippets").rglob("*.py")
    for path in sorted([*pages, *snippets]):
        digest.update(path.read_bytes())
    return int(digest.hexdigest(), 16)


def due(number: int, parts: int) -> bool:
    """Whether a check that takes long sees this one: it sees one of so many in a run.

    Each change of a page or a snippet moves on to others.
    """
    return (number + _turn()) % parts == 0


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id) -> Path:
    """The folder of the built site; one build for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            build = mkdocs_build(ROOT, shared / "building")
            assert build.returncode == 0, build.stdout
            (shared / "building").rename(folder)
    return folder


@pytest.fixture(scope="session")
def documents(site: Path) -> dict[str, Document]:
    """Every built page, by its address below the root (`losses/regression/`)."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        url = path.relative_to(site).as_posix().removesuffix("index.html")
        found[url] = Document(path.read_text("utf-8"))
    return found


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def served(site: Path, kind: type[Handler] = Handler):
    """Serve a built site; gives its address, ending in a slash."""
    handler = functools.partial(kind, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def address(site: Path):
    """Where the built site is served, ending in a slash."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, driven by Playwright."""
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(GET_CHROMIUM)
        pytest.skip(GET_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def watched(page):
    """The page, which from now on keeps its `requests` and `errors`."""
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on(
        "console",
        lambda line: page.errors.append(line.text) if line.type == "error" else None,
    )
    return page


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site; closed after the test."""
    contexts = []

    def opener(url: str, **settings):
        context = browser.new_context(**({"viewport": DESKTOP} | settings))
        contexts.append(context)
        page = watched(context.new_page())
        page.goto(address + url)
        return page

    yield opener
    for context in contexts:
        context.close()


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(GET_CHROMIUM in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(f"Browser tests were skipped: {GET_CHROMIUM}")
