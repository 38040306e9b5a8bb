"""Figures, tables and sentences of a notebook: shown there, stored for the page, and its HTML.

In a run a figure is stored as JSON, PNG, CSV and a note of what it is, and the notebook keeps
its name and picture only. Without a run, JupyterLab and other editors show it themselves.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis_lib import files, results
from analysis_lib.figures import picture, theme
from analysis_lib.figures.text import html, number, plain, visible

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

FIGURE_MIME = "application/vnd.analysis.figure+json"
TABLE_MIME = "application/vnd.analysis.table+json"
ROWS_KEPT = 20_000
"""So many rows of a table can be sorted and searched on the page; its CSV has all."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
NO_MATH = "tex2jax_ignore mathjax_ignore"
"""Classes of what holds text from data: nothing in it is taken for a formula."""

_TITLES = {"note": "Note", "warning": "Warning"}
_POINTS = ("points_total", "points_drawn", "points_missing")


def show(
    figure: go.Figure, *, name: str, caption: str, alt: str, data: pd.DataFrame | None = None
) -> None:
    """Show a figure, and in a run store it with its picture and data.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        One of this package's figures.
    name : str
        Lower-case letters, digits and underscores; unique in a run.
    caption : str
        What the reader should see in it; how many points are drawn is added when not all are.
    alt : str
        The figure in words, for those who cannot see it.
    data : DataFrame, optional
        What people download as CSV; the table that the figure was made from when left out.
    """
    target = _new_result("figures", name)
    parts = figure_parts(figure, name=name, caption=caption, alt=alt, data=data)
    encoded = base64.b64encode(parts.still).decode()
    bundle: dict[str, Any] = {"image/png": encoded, "text/plain": alt}
    if target is None:
        bundle["application/vnd.plotly.v1+json"] = parts.document
    else:
        from analysis_lib import tables

        bundle[FIGURE_MIME] = {each: parts.info[each] for each in ("name", "caption", "alt")}
        files.write_text(target, files.to_json(parts.document) + "\n")
        files.write_bytes(target.with_suffix(".png"), parts.still)
        tables.write_table(parts.table, target.with_suffix(".csv"), for_people=True)
        files.write_json(target.with_suffix(".info.json"), parts.info)
    emit(bundle)


@dataclass(frozen=True)
class FigureParts:
    """A figure in the parts that a page needs: what is said of it, JSON, still picture, data."""

    info: dict[str, Any]
    document: Any
    still: bytes
    table: pd.DataFrame


def figure_parts(
    figure: go.Figure, *, name: str, caption: str, alt: str, data: pd.DataFrame | None = None
) -> FigureParts:
    """Return what `show` stores of a figure, for pages that are not a run's."""
    meta = figure.layout.meta or {}
    caption = " ".join(part for part in (caption, meta.get("note")) if part)
    info: dict[str, Any] = {"name": _checked(name), "caption": caption, "alt": alt}
    info |= {"height": figure.layout.height or theme.HEIGHT}
    info |= {key: meta[key] for key in _POINTS if key in meta}
    if "narrow" in meta:
        info["narrow_height"] = meta["narrow"]["height"]
    if "linked" in meta:
        info["choices"] = meta["choices"]
    if any(trace.type == "scatter3d" for trace in figure.data):
        info["turns"] = True
    table = theme.kept(figure) if data is None else data
    table = _values_drawn(figure) if table is None else table
    return FigureParts(info, _figure_json(figure), picture.png(figure), table)


def show_table(
    frame: pd.DataFrame, *, name: str, caption: str, rows_shown: int = 10, digits: int = 4
) -> None:
    """Show the first rows of a table, and in a run store all of it.

    Parameters
    ----------
    frame : DataFrame
        In the order in which to show it; the index is left out.
    name : str
        Lower-case letters, digits and underscores; unique in a run.
    caption : str
        What the table says.
    rows_shown : int
        Rows on one page of the table.
    digits : int
        Significant digits shown; the full value is in the CSV and under the mouse.
    """
    target = _new_result("tables", name)
    info, document = table_parts(
        frame, name=name, caption=caption, rows_shown=rows_shown, digits=digits
    )
    lines = [caption, frame.head(rows_shown).to_string(index=False)]
    bundle: dict[str, Any] = {
        "text/html": table_html(info),
        "text/plain": "\n".join(visible(line) for text in lines for line in text.split("\n")),
    }
    if target is not None:
        from analysis_lib import tables

        bundle[TABLE_MIME] = {"name": name, "caption": caption}
        files.write_text(target, files.to_json(document) + "\n")
        tables.write_table(frame, target.with_suffix(".csv"), for_people=True)
        files.write_json(target.with_suffix(".info.json"), info)
    emit(bundle)


def table_parts(
    frame: pd.DataFrame, *, name: str, caption: str, rows_shown: int = 10, digits: int = 4
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is said of a table and its rows, as `show_table` stores them."""
    document = _table_json(frame.head(ROWS_KEPT))
    info = {
        "name": _checked(name),
        "caption": caption,
        "columns": document["columns"],
        "digits": digits,
        "rows_total": len(frame),
        "rows_kept": len(document["rows"]),
        "rows_shown": rows_shown,
        "first": document["rows"][:rows_shown],
    }
    return info, document


def say(*sentences: str, kind: Literal["text", "note", "warning"] = "text") -> None:
    """Show sentences, each a paragraph: as they are, as a note, or as a warning."""
    paragraphs = "".join(f"<p>{html(sentence)}</p>" for sentence in sentences)
    if kind == "text":
        shown = f'<div class="ar-say {NO_MATH}">{paragraphs}</div>'
    else:
        title = f'<p class="admonition-title">{_TITLES[kind]}</p>'
        shown = f'<div class="admonition {kind} {NO_MATH}">{title}{paragraphs}</div>'
    plain_text = [visible(sentence) for sentence in sentences]
    if kind != "text":
        plain_text[0] = f"{_TITLES[kind]}: {plain_text[0]}"
    emit({"text/html": shown, "text/plain": "\n".join(plain_text)})


def figure_html(info: Mapping[str, Any], number: int, base: str) -> str:
    """Return a figure's place on a page, on one line; `analysis-figures.js` draws it there.

    Parameters
    ----------
    info : mapping
        What `show` stored as `figures/<name>.info.json`.
    number : int
        Its number on the page.
    base : str
        Relative address of the run's files, such as "../../files/dge/default".
    """
    name, alt = _checked(info["name"]), html(info["alt"])
    place, height = f"{html(base)}/figures/{name}", int(info["height"])
    style = f"--ar-height:{height}px"
    if "narrow_height" in info:
        style += f";--ar-narrow-height:{int(info['narrow_height'])}px"
    still = (
        f'<img class="ar-still" src="{place}.png" alt="{alt}" width="{picture.WIDTH}" '
        f'height="{height}" loading="lazy">'
    )
    buttons = (
        _button("png", "PNG", "Download as PNG")
        + _button("svg", "SVG", "Download as SVG")
        + (_button("turn", "Turn", "Start or stop a slow turn") if info.get("turns") else "")
        + _link(f"{place}.csv", "Data (CSV)")
        + _button("full", "Full screen", "Show on the full screen")
    )
    if "choices" in info:
        buttons += _picker(info["choices"])
    return (
        f'<figure class="ar-figure {NO_MATH}" id="figure-{name}" data-src="{place}.js" '
        f'data-name="{name}" style="{style}">'
        f'<div class="ar-canvas"><div class="ar-plot" role="group" aria-label="{alt}"></div>'
        f"{still}</div>"
        f"<figcaption>{_caption(f'figure-{name}', f'Figure {number}.', info['caption'])}"
        f'<span class="ar-tools">{buttons}</span></figcaption></figure>'
    )


def figure_script(run_id: str, name: str, figure_json_text: str) -> str:
    """Return the script that brings a figure's JSON to its page."""
    return script("figure", run_id, name, figure_json_text)


def table_html(info: Mapping[str, Any], number: int | None = None, base: str | None = None) -> str:
    """Return the first rows of a table, on one line, complete without any script.

    Parameters
    ----------
    info : mapping
        What `show_table` stored as `tables/<name>.info.json`.
    number : int, optional
        Its number on the page; none outside of pages.
    base : str, optional
        Relative address of the run's files; without it there is nothing to download.
    """
    name = _checked(info["name"])
    columns = info["columns"]
    head = "".join(
        f'<th scope="col" class="{_cell_class(c)}">{html(c["name"])}</th>' for c in columns
    )
    body = "".join(
        f"<tr>{''.join(map(_cell, row, columns, [info['digits']] * len(columns)))}</tr>"
        for row in info["first"]
    )
    source = f' data-src="{html(base)}/tables/{name}.js"' if base is not None else ""
    tools = _link(f"{html(base)}/tables/{name}.csv", "Data (CSV)") if base is not None else ""
    title = f"Table {number}." if number is not None else ""
    return (
        f'<figure class="ar-table {NO_MATH}" id="table-{name}"{source} '
        f'data-digits="{int(info["digits"])}" data-shown="{int(info["rows_shown"])}" '
        f'data-total="{int(info["rows_total"])}">'
        f"<figcaption>{_caption(f'table-{name}', title, info['caption'])}</figcaption>"
        f'<div class="ar-scroll" role="region" tabindex="0" aria-label="{html(info["caption"])}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<div class="ar-foot"><span class="ar-rows">{_rows_in_words(info)}</span>'
        f'<span class="ar-tools">{tools}</span></div></figure>'
    )


def table_script(run_id: str, name: str, table_json_text: str) -> str:
    """Return the script that brings all rows of a table to its page."""
    return script("table", run_id, name, table_json_text)


def script(kind: str, run_id: str, name: str, json_text: str) -> str:
    """Return the script that brings a document of a run to its page.

    It is read and written anew: whatever the file says, only JSON ends in the script.
    """
    content = files.to_json(json.loads(json_text))
    for character in "<\u2028\u2029":
        content = content.replace(character, f"\\u{ord(character):04x}")
    return f"analysisReport.{kind}({json.dumps(f'{run_id}/{name}')}, {content});\n"


def _new_result(folder: str, name: str) -> Any:
    target = results.path(folder, f"{_checked(name)}.json")
    if target is not None and target.exists():
        raise ValueError(f"{name!r} was shown before: names of {folder} are unique in a run")
    return target


def _checked(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name: lower-case letters, digits and underscores")
    return name


def emit(bundle: dict[str, Any]) -> None:
    """Show an output, given by MIME type, in a notebook; its plain text elsewhere."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        show_here: Any = display  # IPython says nothing of its types
        show_here(bundle, raw=True)
    else:
        print(bundle["text/plain"])  # a plain Python session


def _figure_json(figure: go.Figure) -> Any:
    # plotly writes what is not finite as null, and numbers as base64 of their bytes.
    return json.loads(figure.to_json(engine="json"))


def _values_drawn(figure: go.Figure) -> pd.DataFrame:
    """Return the points of a figure that carries no table."""
    import pandas as pd

    parts = []
    for trace in figure.data:
        columns = {a: trace[a] for a in "xyz" if a in trace and np.ndim(trace[a]) == 1}
        parts.append(pd.DataFrame({"series": plain(trace.name or ""), **columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"series": []})


def _table_json(frame: pd.DataFrame) -> dict[str, Any]:
    kinds = {"i": "integer", "u": "integer", "f": "number"}
    columns = [
        {"name": visible(name), "kind": kinds.get(getattr(dtype, "kind", "O"), "text")}
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
    ]
    values = [_json_values(frame.iloc[:, i], column["kind"]) for i, column in enumerate(columns)]
    return {"columns": columns, "rows": [list(row) for row in zip(*values, strict=True)]}


def _json_values(column: pd.Series, kind: str) -> list[Any]:
    # JSON knows neither what is missing nor what is infinite.
    import pandas as pd

    known = ~pd.isna(column).to_numpy()
    values = [value if there else None for value, there in zip(column.tolist(), known, strict=True)]
    if kind == "text":
        return [None if value is None else visible(value) for value in values]
    return [None if value is None or not math.isfinite(value) else value for value in values]


def _cell(value: Any, column: Mapping[str, str], digits: int) -> str:
    if column["kind"] == "text":
        return f"<td>{html('–' if value is None else value)}</td>"
    full = "not a number" if value is None else repr(value)
    return f'<td class="ar-num" title="{html(full)}">{number(value, digits)}</td>'


def _cell_class(column: Mapping[str, str]) -> str:
    return "ar-text" if column["kind"] == "text" else "ar-num"


def _rows_in_words(info: Mapping[str, Any]) -> str:
    shown, total = len(info["first"]), int(info["rows_total"])
    words = f"{total:,} rows" if shown == total else f"First {shown:,} of {total:,} rows"
    if info["rows_kept"] < total:
        words += f" (sorting and search: the first {int(info['rows_kept']):,}; the CSV has all)"
    return html(words)


def _caption(anchor: str, title: str, caption: str) -> str:
    link = f'<a class="ar-title" href="#{anchor}">{title}</a> ' if title else ""
    return f'<span class="ar-caption">{link}{html(caption)}</span>'


def _button(action: str, words: str, title: str) -> str:
    return f'<button type="button" data-do="{action}" title="{title}">{words}</button>'


def _picker(choices: Sequence[Mapping[str, Any]]) -> str:
    """Return what chooses a line in linked figures without a mouse, and tells which one it is."""
    groups = "".join(
        f'<optgroup label="{html(choice["title"])}">'
        + "".join(
            f'<option value="{html(choice["field"])}:{html(value)}">{html(title)}</option>'
            for value, title in choice["values"]
        )
        + "</optgroup>"
        for choice in choices
    )
    return (
        f'<label>{html(choices[0]["title"])} <select data-do="pick">'
        f'<option value="">all</option>{groups}</select></label>'
        '<span class="ar-chosen" role="status" aria-live="polite"></span>'
    )


def _link(address: str, words: str) -> str:
    return f'<a href="{address}" download>{words}</a>'
