"""How fast the site builds and reloads, and how heavy its pages are.

    .venv/bin/python benchmarks/site.py

Works on a copy of the project. Seconds are wall-clock, median of the runs named.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import brotli
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
PAGE = "docs/losses/regression.md"
SNIPPET = "snippets/losses/regression/curves.py"
MKDOCS = [sys.executable, "-m", "mkdocs"]


def copy(folder: Path) -> Path:
    """The project's sources, without what was built or stored."""
    for name in ("docs", "snippets", "tools"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


def build(root: Path) -> float:
    """Seconds of one strict build."""
    start = time.perf_counter()
    subprocess.run(
        [*MKDOCS, "build", "--strict"],
        cwd=root,
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def reload_times(root: Path, file: str, edit, seen: str, runs: int) -> list[float]:
    """Seconds from saving `file` to the reloaded page, in a real browser.

    Args:
        root: The copy of the project, built once.
        file: What is edited, below `root`.
        edit: Text of the file, and a word, to the new text.
        seen: JavaScript that is the word once the page shows it.
        runs: How often to edit.
    """
    port = "8137"
    server = subprocess.Popen(
        [*MKDOCS, "serve", "--dev-addr", f"127.0.0.1:{port}"],
        cwd=root,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in server.stderr:
        if "Serving on" in line:
            break
    times = []
    original = (root / file).read_text("utf-8")
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = chromium.new_page()
            page.goto(f"http://127.0.0.1:{port}/losses/regression/")
            for run in range(runs):
                time.sleep(2)
                word = f"edited{run}"
                (root / file).write_text(edit(original, word))
                start = time.perf_counter()
                page.wait_for_function(f"({seen})?.includes('{word}')", polling=20)
                times.append(time.perf_counter() - start)
            chromium.close()
    finally:
        server.terminate()
        server.wait()
        (root / file).write_text(original)
    return times


def weights(site: Path) -> list[tuple[str, float]]:
    """Each page's HTML in kB, compressed by brotli, heaviest first."""
    sizes = [
        (path.relative_to(site).as_posix(), len(brotli.compress(path.read_bytes())))
        for path in site.rglob("*.html")
    ]
    return sorted(((n, s / 1000) for n, s in sizes), key=lambda item: -item[1])


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder))
        colds = []
        for _ in range(3):
            shutil.rmtree(root / ".cache", ignore_errors=True)
            colds.append(build(root))
        print(f"cold strict build        {statistics.median(colds):6.2f} s of {colds}")
        warms = [build(root) for _ in range(5)]
        print(f"warm strict build        {statistics.median(warms):6.2f} s of {warms}")
        edits = reload_times(
            root,
            PAGE,
            lambda text, word: re.sub(
                r"\n# (.*)\n", rf"\n# \1 {word}\n", text, count=1
            ),
            "document.querySelector('h1').textContent",
            runs=5,
        )
        print(f"page saved to reloaded   {statistics.median(edits):6.2f} s of {edits}")
        edits = reload_times(
            root,
            SNIPPET,
            lambda text, word: text.replace('set_title("', f'set_title("{word} ', 1),
            "document.querySelector('article').textContent",
            runs=3,
        )
        print(f"figure saved to reloaded {statistics.median(edits):6.2f} s of {edits}")
        for name, size in weights(root / "site"):
            print(f"{size:6.1f} kB {name}")


if __name__ == "__main__":
    main()
