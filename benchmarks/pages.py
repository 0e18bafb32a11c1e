"""Every page as a phone on a slow network loads it: time to the largest paint, weight.

    .venv/bin/python benchmarks/pages.py [page ...] [--site site]

Each page is loaded with an empty cache over 1.6 Mbit/s with 150 ms a round trip, by a
processor slowed down four times. Worst first; LCP is what the page itself waits for, so it
means something only on a machine that does nothing else.
"""

import argparse
import os
import sys
from pathlib import Path

import brotli
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.published import pages, published  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS, PHONE  # noqa: E402

NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
LARGEST = """new Promise(resolve => {
    new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
        .observe({type: "largest-contentful-paint", buffered: true})
})"""


def load(browser, url: str) -> tuple[float, float, int]:
    """Milliseconds to the largest paint, kilobytes received, and number of elements."""
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    received = []
    devtools = context.new_cdp_session(page)
    devtools.on(
        "Network.loadingFinished",
        lambda event: received.append(event["encodedDataLength"]),
    )
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", NETWORK)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="networkidle")
    paint = page.evaluate(LARGEST)
    elements = page.evaluate("document.querySelectorAll('*').length")
    context.close()
    return paint, sum(received) / 1000, elements


def main() -> None:
    """Load, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="addresses; by default every page")
    parser.add_argument(
        "--site", type=Path, help="a built site; by default one is built"
    )
    options = parser.parse_args()
    rows = []
    with published(options.site) as (site, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        urls = options.pages or [url for url in pages(site) if url != "404.html"]
        for url in urls:
            html = len(brotli.compress((site / url / "index.html").read_bytes())) / 1000
            rows.append((*load(browser, address + url), html, url))
            print(f"{len(rows)}/{len(urls)}", end="\r", file=sys.stderr, flush=True)
        browser.close()
    print(
        f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    print(" LCP ms  total kB  HTML kB  elements")
    for paint, total, elements, html, url in sorted(rows, reverse=True):
        print(f"{paint:7.0f} {total:9.1f} {html:8.1f} {elements:9}  /{url}")


if __name__ == "__main__":
    main()
