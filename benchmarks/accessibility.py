"""Axe on every page, whole, at two widths and in both schemes: all that is wrong.

    .venv/bin/python benchmarks/accessibility.py [page ...]

The tests look at each page once, in turns. This takes a few seconds a page and look.
"""

import sys
import tempfile
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import (  # noqa: E402
    CHROMIUM,
    DESKTOP,
    FLAGS,
    PHONE,
    mkdocs_build,
    served,
)


def main() -> None:
    site = Path(tempfile.mkdtemp()) / "site"
    build = mkdocs_build(ROOT, site)
    assert build.returncode == 0, build.stdout
    urls = [
        path.relative_to(site).as_posix().removesuffix("index.html")
        for path in sorted(site.rglob("index.html"))
    ]
    urls = [url for url in urls if url in sys.argv[1:] or not sys.argv[1:]]
    wrong = 0
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for url in urls:
            for size in PHONE, DESKTOP:
                for scheme in "light", "dark":
                    page = browser.new_page(
                        viewport=size, color_scheme=scheme, reduced_motion="reduce"
                    )
                    page.goto(address + url)
                    found = Axe().run(page, options={"resultTypes": ["violations"]})
                    for violation in found.response["violations"]:
                        wrong += 1
                        target = violation["nodes"][0]["target"]
                        print(url, size["width"], scheme, violation["id"], target)
                    page.close()
        browser.close()
    print(f"{len(urls)} pages, 4 looks each: {wrong} violations")


if __name__ == "__main__":
    main()
