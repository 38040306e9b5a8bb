"""Take the README's pictures of the built book: `make pictures`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from analysis_lib.files import PROJECT
from tests.site.book import HTML
from tests.site.browsing import chromium

PICTURES = PROJECT / ".github" / "pictures"


@dataclass(frozen=True)
class Picture:
    """What to open, how wide, in which colours, and what has to be there before."""

    name: str
    page: str
    ready: str
    width: int = 1280
    height: int = 860
    scheme: str = "light"
    show: str = ""

    def take(self, browser: Browser) -> Path:
        """Open the page and write what stands on its first screen."""
        page: Page = browser.new_page(
            viewport={"width": self.width, "height": self.height}, color_scheme=self.scheme
        )
        address, _, place = self.page.partition("#")
        page.goto(f"{(HTML / address).as_uri()}{'#' + place if place else ''}")
        if self.show:
            page.locator(self.show).evaluate("place => place.scrollIntoView()")
        page.wait_for_selector(self.ready)
        page.wait_for_timeout(500)  # fonts, and the end of a transition
        path = PICTURES / f"{self.name}.png"
        page.screenshot(path=path)
        page.close()
        return path


DRAWN = '#figure-volcano[data-drawn="true"]'
STUDY = "studies/dge/default.html"
EVERY = (
    Picture("landing", "index.html", ".headline-figure", height=900),
    Picture("study", STUDY, DRAWN, show="#up-down-or-neither"),
    Picture("study-dark", STUDY, DRAWN, scheme="dark", show="#up-down-or-neither"),
    Picture("study-phone", STUDY, DRAWN, 390, 844, show="#up-down-or-neither"),
    Picture("genes", "genes.html#gene=Pvalb", ".ar-fact"),
)


def main() -> None:
    """Take every picture."""
    if not (HTML / "index.html").is_file():
        sys.exit("There is no book yet: make book")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for picture in EVERY:
            print(picture.take(browser).relative_to(PROJECT))


if __name__ == "__main__":
    main()
