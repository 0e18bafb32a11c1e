"""Axe on every page, whole, at two widths and in both schemes: all that is wrong.

    .venv/bin/python benchmarks/accessibility.py [page ...] [--site site] [--after page]

The tests look at each page once, in turns. This takes about 4 seconds a page; each page is
printed when it is done, so a run that was stopped goes on with --after.
"""

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.published import pages, published  # noqa: E402
from tests.conftest import (  # noqa: E402
    CHROMIUM,
    DESKTOP,
    FLAGS,
    PHONE,
)

LOOKS = [(size, scheme) for size in (PHONE, DESKTOP) for scheme in ("light", "dark")]

# Axe sees only what is seen: all that folds is unfolded, and nothing waits. A chooser folds its other answers,
# so a copy stands for it, which has no script. Most of axe's time would go into thousands
# of coloured words and signs of formulas: of each kind, one a page stays an element.
PREPARE = """() => {
    const style = document.createElement("style")
    style.textContent = "* { content-visibility: visible !important }"
    document.head.append(style)
    document.querySelectorAll(".chooser").forEach(e => e.replaceWith(e.cloneNode(true)))
    document.querySelectorAll("article details").forEach(e => e.open = true)
    const seen = new Set()
    document.querySelectorAll("article pre span[class]").forEach(e => {
        const kind = e.className + "|" + e.closest(".highlight")?.className
        if (seen.has(kind)) e.replaceWith(...e.childNodes)
        seen.add(kind)
    })
    document.querySelectorAll("article math").forEach((e, i) => i && e.remove())
}"""


def start(address: str) -> None:
    """Give this process a browser with one tab."""
    global tab, root
    root = address
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    tab = browser.new_context(reduced_motion="reduce").new_page()


def check(url: str) -> tuple[str, list[str], float]:
    """The page's address, what axe finds in its looks, and the seconds it took."""
    begin = time.perf_counter()
    found = []
    for size, scheme in LOOKS:
        tab.set_viewport_size(size)
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if (size, scheme) == LOOKS[0]:
            tab.goto(root + url)
            tab.evaluate(PREPARE)
        dark = scheme == "dark"
        tab.wait_for_selector(
            f"body[data-md-color-scheme={'slate' if dark else 'default'}]"
        )
        result = Axe().run(tab, options={"resultTypes": ["violations"]}).response
        for violation in result["violations"]:
            nodes = violation["nodes"]
            found.append(
                f"{size['width']} {scheme} {violation['id']} ({len(nodes)}): "
                f"{nodes[0]['target']}"
            )
    return url, found, time.perf_counter() - begin


def main() -> None:
    """Check, and print each page as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="addresses; by default every page")
    parser.add_argument(
        "--site", type=Path, help="a built site; by default one is built"
    )
    parser.add_argument("--after", help="begin after this page")
    parser.add_argument("--limit", type=int, help="stop after so many pages")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    begin, wrong = time.perf_counter(), 0
    with published(options.site) as (site, address):
        known = pages(site)
        if unknown := set(options.pages) - set(known):
            parser.error(
                f"no such page: {', '.join(sorted(unknown))}; e.g. {known[-1]}"
            )
        urls = options.pages or known
        if options.after is not None:
            urls = [url for url in urls if url > options.after]
        urls = urls[: options.limit]
        # Not forked: this process serves the site in threads.
        spawn = multiprocessing.get_context("spawn")
        with spawn.Pool(options.processes, start, [address]) as pool:
            for done, (url, found, seconds) in enumerate(pool.imap(check, urls), 1):
                wrong += len(found)
                print(f"{done:3}/{len(urls)} {seconds:5.1f} s /{url}", flush=True)
                for line in found:
                    print(f"    {line}", flush=True)
    minutes = (time.perf_counter() - begin) / 60
    print(
        f"{len(urls)} pages, {len(LOOKS)} looks each, {minutes:.1f} min: {wrong} violations"
    )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
