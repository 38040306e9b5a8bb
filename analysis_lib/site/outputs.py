"""What a notebook shows, as its page shows it: our figures, tables and sentences, else plain text.

HTML of anybody else is not published, since what came from data may stand in it unescaped.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat.v4 import new_output

from analysis_lib.errors import SiteError, without_colours
from analysis_lib.figures import embed
from analysis_lib.figures.lookup import LOOKUP_MIME
from analysis_lib.site import lookup
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import read_info

_PLOTLY = "application/vnd.plotly.v1+json"
_UNSEEN = "<IPython.core.display."
_SAID = re.compile(
    r'<div class="(ar-say|admonition (note|warning))[\w ]*">'
    r'(<p( class="admonition-title")?>[^<>]*</p>)+</div>'
)
# What `say` writes: paragraphs of text, in which there can be no other element.


class Outputs:
    """Turns the outputs of one run's notebook into those of its page, and numbers them."""

    def __init__(self, run: SiteRun, privacy: Privacy) -> None:
        self.run = run
        self.privacy = privacy
        self.figures = 0
        self.tables = 0

    def shown(self, output: Any, cell: int) -> Any:
        """Return the output that stands on the page for one of the notebook's cell `cell`."""
        if output.output_type == "stream":
            return self._text(output.text)
        if output.output_type == "error":  # in a cell that was expected to raise one
            return self._text("\n".join(output.traceback))
        html = self._html(output.data)
        if html:
            return new_output("display_data", {"text/html": html})
        plain = output.data.get("text/plain", "")
        if _PLOTLY in output.data or not plain or plain.startswith(_UNSEEN):
            raise SiteError(
                "An output of a notebook would not be seen on its page.",
                where=f"{self.run.id}, cell {cell}",
                got=", ".join(sorted(output.data)),
                remedy="Show it with `show`, `show_table` or `say` of analysis_lib.figures.",
            )
        if "image/png" in output.data:
            return new_output("display_data", {"image/png": output.data["image/png"]})
        return self._text(plain)

    def _html(self, data: Any) -> str | None:
        base = f"../../{self.run.files}"
        if embed.FIGURE_MIME in data:
            self.figures += 1
            info = read_info(self.run, "figures", data[embed.FIGURE_MIME]["name"])
            return embed.figure_html(info, self.figures, base)
        if embed.TABLE_MIME in data:
            self.tables += 1
            info = read_info(self.run, "tables", data[embed.TABLE_MIME]["name"])
            return embed.table_html(info, self.tables, base)
        if LOOKUP_MIME in data:
            return lookup.card(self.run)
        said = data.get("text/html", "")
        return said if _SAID.fullmatch(said) else None

    def _text(self, content: str) -> Any:
        return new_output(
            "stream", name="stdout", text=self.privacy.clean(without_colours(content))
        )
