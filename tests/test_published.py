"""What depends on where the site and its sources are published."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import SITE_URL, Handler, served
from tools.pages import ROOT

PATH = urlsplit(SITE_URL).path


def test_addresses_are_those_of_the_site(site):
    page = (site / "losses/regression/index.html").read_text("utf-8")
    address = f"{SITE_URL}losses/regression/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:url" content="{address}">' in page
    assert f"<loc>{address}</loc>" in (site / "sitemap.xml").read_text("utf-8")
    robots = (site / "robots.txt").read_text("utf-8").splitlines()
    assert robots == ["User-agent: *", "Allow: /", f"Sitemap: {SITE_URL}sitemap.xml"]


def test_a_server_of_another_user_can_read_every_file(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert not [path for path in files if path.stat().st_mode & 0o044 != 0o044]


def test_a_shared_link_has_title_and_description(site):
    page = (site / "losses/regression/index.html").read_text("utf-8")
    source = (ROOT / "docs/losses/regression.md").read_text("utf-8")
    for name in "title", "description":
        text = re.search(f"^{name}: (.+)$", source, re.MULTILINE)[1]
        assert f'<meta property="og:{name}" content="{text}">' in page


def test_without_a_repository_nothing_leads_to_one(site):
    for page in "index.html", "losses/regression/index.html", "404.html":
        html = (site / page).read_text("utf-8")
        assert 'rel="edit"' not in html and "md-source" not in html


class Host(Handler):
    """Has the site below the path of its address; for the rest, the site's 404 page."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(PATH.rstrip("/")))

    def send_error(self, code, message=None, explain=None):
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(Path(self.translate_path("/404.html")).read_bytes())


@pytest.fixture(scope="module")
def host(site):
    with served(site, Host) as address:
        yield address.rstrip("/")


# Addresses without a page, and what the search then says.
LOST = {
    "losses/focal-loss/": "losses focal loss",
    "a/b/label_smoothing.html": "label smoothing",
}


def test_an_address_without_a_page_is_searched_for(browser, host):
    for path, words in LOST.items():
        with browser.new_context() as context:
            page = context.new_page()
            errors = []
            page.on("pageerror", lambda error, found=errors: found.append(error))
            assert page.goto(f"{host}{PATH}{path}").status == 404
            page.wait_for_selector(".md-search-result__item a")
            assert page.input_value(".md-search__input") == words
            page.keyboard.press("Escape")
            page.wait_for_function("!document.querySelector('#__search').checked")
            assert page.url == f"{host}{PATH}{path}", "the address stays"
            assert not errors


def test_without_scripts_lost_readers_have_doors(browser, host, documents):
    doors = documents["404.html"].links
    for door in "choose/loss/", "losses/contracts/", "troubleshoot/", "evidence/":
        assert PATH + door in doors
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{host}{PATH}some/where/else")
        assert "No page at this address" in page.inner_text("h1")
        page.click("article a:text('Troubleshoot')")
        assert page.url == f"{host}{PATH}troubleshoot/"
