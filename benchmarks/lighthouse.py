"""Lighthouse on the home page, the longest chapter and the index of errors.

    .venv/bin/python benchmarks/lighthouse.py [page ...] [--site site] [--runs 3]

Needs npm and Chromium; the first run downloads Lighthouse into the folder for temporary
files. As on a phone: simulated slow 4G and a processor of a quarter of the speed. Medians
of the runs, and every audit that costs points.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.published import published  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402

VERSION = "12.8.2"  # the last that runs on Node 20
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = {
    "FCP ms": "first-contentful-paint",
    "LCP ms": "largest-contentful-paint",
    "TBT ms": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}


def installed() -> Path:
    """The program, downloaded once."""
    folder = Path(tempfile.gettempdir()) / f"lighthouse-{VERSION}"
    program = folder / "node_modules/.bin/lighthouse"
    if not program.exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder]
        subprocess.run([*command, f"lighthouse@{VERSION}"], check=True)
    return program


def report(program: Path, url: str) -> dict:
    """Lighthouse's report on one page."""
    flags = " ".join(["--headless=new", *FLAGS])
    command = [program, url, "--output=json", "--quiet", f"--chrome-flags={flags}"]
    environment = os.environ | {"CHROME_PATH": CHROMIUM}
    result = subprocess.run(command, env=environment, check=True, capture_output=True)
    return json.loads(result.stdout)


def costs(found: dict) -> list[str]:
    """The audits below full points in a report, with what they would give."""
    lines = []
    for category in CATEGORIES:
        for item in found["categories"][category]["auditRefs"]:
            audit = found["audits"][item["id"]]
            score = audit["score"]
            if item["weight"] and score is not None and score < 1:
                shown = audit.get("displayValue", "")
                lines.append(f"{category}: {item['id']} {score:.2f} {shown}".rstrip())
    return lines


def longest_chapter(site: Path) -> str:
    """Address of the chapter with the most HTML."""
    chapters = [
        path
        for section in ("start", "losses", "optimizers", "training")
        for path in (site / section).rglob("index.html")
    ]
    longest = max(chapters, key=lambda path: path.stat().st_size)
    return longest.relative_to(site).as_posix().removesuffix("index.html")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="addresses below the root")
    parser.add_argument(
        "--site", type=Path, help="a built site; by default one is built"
    )
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    program = installed()
    with published(options.site) as (site, address):
        for url in options.pages or ["", longest_chapter(site), "troubleshoot/"]:
            found = [report(program, address + url) for _ in range(options.runs)]
            print(f"/{url}")
            for category in CATEGORIES:
                scores = [run["categories"][category]["score"] for run in found]
                print(f"    {category:16}{100 * statistics.median(scores):8.0f}")
            for name, audit in METRICS.items():
                values = [run["audits"][audit]["numericValue"] for run in found]
                print(f"    {name:16}{statistics.median(values):8.4g}")
            for line in sorted({line for run in found for line in costs(run)}):
                print(f"    costs {line}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
