"""A small page with figures and tables, opened from disk in a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import plotly
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from analysis_lib import results
from analysis_lib.figures import embed, show, show_table
from analysis_lib.files import PROJECT

RUN = "dge/default"
BASE = f"files/{RUN}"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium; skip where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class FigurePage:
    """A site of one page in a folder."""

    folder: Path
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.copytree(PROJECT / "book" / "_static", self.folder / "_static")
        (self.folder / BASE).mkdir(parents=True)
        source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        (self.folder / "files" / "plotly.min.js").symlink_to(source)

    def figure(self, figure, name: str, **words: str) -> None:
        """Show a figure as a notebook does, and put it on the page as the site does."""
        words = {"caption": "What is seen.", "alt": "In words.", **words}
        info = self._result("figures", name, lambda: show(figure, name=name, **words))
        self.parts.append(embed.figure_html(info, len(self.parts) + 1, BASE))

    def table(self, frame, name: str, **more) -> None:
        """Show a table as a notebook does, and put it on the page as the site does."""
        more = {"caption": "What is listed.", **more}
        info = self._result("tables", name, lambda: show_table(frame, name=name, **more))
        self.parts.append(embed.table_html(info, len(self.parts) + 1, BASE))

    def write(self, between: str = "") -> str:
        """Write the page; return its address."""
        css = '<link rel="stylesheet" href="_static/analysis.css">'
        scripts = "".join(
            f'<script src="_static/{name}.js"></script>' for name in ("analysis", "analysis-tables")
        )
        meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        body = between.join(self.parts)
        html = (
            f'<!doctype html><html lang="en" data-theme="light"><head>{meta}{css}{scripts}</head>'
        )
        page = self.folder / "index.html"
        page.write_text(f"{html}<body>{body}</body></html>", encoding="utf-8")
        return page.as_uri()

    def _result(self, kind: str, name: str, shown) -> dict:
        import json

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(results.FOLDER_VARIABLE, str(self.folder / BASE))
            patch.setattr(embed, "_publish", lambda bundle: None)
            shown()
        place = self.folder / BASE / kind
        script = {"figures": embed.figure_script, "tables": embed.table_script}[kind]
        text = (place / f"{name}.json").read_text(encoding="utf-8")
        (place / f"{name}.js").write_text(script(RUN, name, text), encoding="utf-8")
        return json.loads((place / f"{name}.info.json").read_text(encoding="utf-8"))


@dataclass
class Watched:
    """A page in the browser, and everything that should not happen on it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("requestfailed", lambda r: self.faults.append(f"failed: {r.url}"))
        self.page.on("pageerror", lambda e: self.faults.append(f"error: {e}"))
        self.page.on("dialog", self._dialog)
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)

    def drawn(self, name: str) -> None:
        """Scroll to a figure and wait until it is drawn."""
        self.page.locator(f"#figure-{name}").scroll_into_view_if_needed()
        self.page.wait_for_selector(f'#figure-{name}[data-drawn="true"]', timeout=20_000)

    def requested(self, ending: str) -> int:
        """Return how often a file was asked for."""
        return sum(url.endswith(ending) for url in self.requests)

    def elsewhere(self) -> list[str]:
        """Return the requests that left the folder."""
        return [u for u in self.requests if not u.startswith(("file:", "data:", "blob:"))]

    def _dialog(self, dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()
