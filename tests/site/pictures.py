"""Take the README's picture of the built book: `make pictures`."""

from __future__ import annotations

import sys

from analysis_lib.files import PROJECT
from tests.site.browsing import chromium

INDEX = PROJECT / "book" / "_build" / "html" / "index.html"
PICTURE = PROJECT / ".github" / "pictures" / "landing.png"


def main() -> None:
    """Open the landing page and write its first screen."""
    if not INDEX.is_file():
        sys.exit("There is no book yet: make book")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 820}, color_scheme="light")
        page.goto(INDEX.as_uri())
        page.wait_for_function("document.querySelector('.headline-figure').naturalWidth > 0")
        page.screenshot(path=PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
