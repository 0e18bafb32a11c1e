"""The site as readers get it, for measurements: below its path, compressed by brotli."""

import contextlib
import functools
import http.server
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import brotli

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import SITE_URL, mkdocs_build  # noqa: E402


@functools.cache
def compressed(path: str, changed: float) -> bytes:
    """A file's bytes as sent; compressed once, as a good host does."""
    data = Path(path).read_bytes()
    return data if path.endswith((".woff2", ".png", ".zip")) else brotli.compress(data)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files with brotli and a cache of ten minutes, as GitHub Pages does."""

    protocol_version = "HTTP/1.1"  # keeps connections

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path = path / "index.html"
        if not path.is_file():
            self.send_error(404)
            return
        data = compressed(str(path), path.stat().st_mtime)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if not path.name.endswith((".woff2", ".png", ".zip")):
            self.send_header("Content-Encoding", "br")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # the browser has left
            self.wfile.write(data)

    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def published(site: Path | None):
    """Serve the site below the path of its own address, from which its 404 page links.

    Args:
        site: Folder of a built site; None builds it.

    Yields:
        The folder of the site, and its address, ending in a slash.
    """
    with tempfile.TemporaryDirectory() as temporary:
        path = urlsplit(SITE_URL).path.strip("/")
        folder = Path(temporary) / path
        if site:
            folder.symlink_to(site.resolve())
        else:
            build = mkdocs_build(ROOT, folder)
            assert build.returncode == 0, build.stdout
        handler = functools.partial(Handler, directory=temporary)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield folder, f"http://127.0.0.1:{server.server_port}/{path}/"
            finally:
                server.shutdown()
                thread.join()


def pages(site: Path) -> list[str]:
    """Addresses of all pages below the root, in order."""
    paths = [*site.rglob("index.html"), site / "404.html"]
    return sorted(
        path.relative_to(site).as_posix().removesuffix("index.html") for path in paths
    )
