"""A small page with figures and tables, opened from disk in a real Chromium."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import plotly
import pytest

from analysis_lib import results
from analysis_lib.figures import embed, show, show_table
from analysis_lib.files import PROJECT

RUN = "dge/default"
BASE = f"files/{RUN}"


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
            patch.setattr(embed, "emit", lambda bundle: None)
            shown()
        place = self.folder / BASE / kind
        script = {"figures": embed.figure_script, "tables": embed.table_script}[kind]
        text = (place / f"{name}.json").read_text(encoding="utf-8")
        (place / f"{name}.js").write_text(script(RUN, name, text), encoding="utf-8")
        return json.loads((place / f"{name}.info.json").read_text(encoding="utf-8"))
