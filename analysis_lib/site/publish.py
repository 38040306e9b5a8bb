"""The files of a run, as the site offers them: figures, tables, notebook, record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.figures import embed
from analysis_lib.runs.record import NOTEBOOK, RECORD, damaged
from analysis_lib.site import lookup
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.privacy import Privacy

PLOTLY = "files/plotly.min.js"
_DOCUMENTS = ("params.json", "metrics.json", RECORD)
_TIMES_AND_PLACES = ("papermill", "execution")
_INFO = ".info.json"
_SCRIPTS = {"figures": embed.figure_script, "tables": embed.table_script}
_COPIED = (".csv", ".png")


def verify(run: SiteRun) -> None:
    """Raise a `SiteError` unless the results of a run are those that were recorded."""
    if not (run.folder and run.record):
        return
    if changed := damaged(run.folder, run.record):
        raise SiteError(
            f"Results of the run {run.id} are not those that were recorded.",
            where=", ".join(changed[:3]),
            remedy=f"Run it again: make run STUDY={run.study} NAME={run.name}",
        )


def publish_run(run: SiteRun, html: Path, privacy: Privacy) -> None:
    """Copy what a run left behind into the site, without a path of this machine in it."""
    if not (run.folder and run.record):
        return
    target = html / run.files
    for name in _DOCUMENTS:
        document = json.loads((run.folder / name).read_text(encoding="utf-8"))
        files.write_json(target / name, privacy.value(document))
    files.write_text(target / NOTEBOOK, clean_notebook(run.folder / NOTEBOOK, privacy))
    for kind, names in shown_results(run).items():
        for name in names:
            _publish_result(run, run.folder / kind, target / kind, name)
    if lookup.kept(run):
        lookup.publish_lookup(run, target)


def shown_results(run: SiteRun) -> dict[str, list[str]]:
    """Return the names of the figures and of the tables that a run showed."""
    if not run.folder:
        return {kind: [] for kind in _SCRIPTS}
    return {
        kind: sorted(
            path.name.removesuffix(_INFO) for path in (run.folder / kind).glob(f"*{_INFO}")
        )
        for kind in _SCRIPTS
    }


def read_info(run: SiteRun, kind: str, name: str) -> dict[str, Any]:
    """Return what a run stored about a figure or a table it showed."""
    try:
        if not run.folder:
            raise FileNotFoundError("no results")
        text = (run.folder / kind / f"{name}{_INFO}").read_text(encoding="utf-8")
        info: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as error:
        raise SiteError(
            f"A result of the run {run.id} cannot be shown.",
            where=f"{run.id}/{kind}/{name}{_INFO}",
            got=f"{type(error).__name__}: {error}",
            remedy=f"Run it again: make run STUDY={run.study} NAME={run.name}",
        ) from error
    return info


def publish_plotly(html: Path) -> None:
    """Put the one plotly.js of the site in its place."""
    from plotly.offline import get_plotlyjs

    files.write_text(html / PLOTLY, get_plotlyjs())


def clean_notebook(path: Path, privacy: Privacy) -> str:
    """Return an executed notebook without times, places or papermill's own notes."""
    notebook = nbformat.read(path, as_version=4)
    for part in (notebook, *notebook.cells):
        for name in _TIMES_AND_PLACES:
            part.metadata.pop(name, None)
    for cell in notebook.cells:
        cell.source = privacy.clean(cell.source)
        for output in cell.get("outputs", []):
            _clean_output(output, privacy)
    return str(nbformat.writes(notebook)) + "\n"


def _clean_output(output: Any, privacy: Privacy) -> None:
    if output.output_type == "stream":
        output.text = privacy.clean(output.text)
    elif output.output_type == "error":
        output.traceback = [privacy.clean(line) for line in output.traceback]
    else:
        for mime, content in output.data.items():
            if isinstance(content, str) and mime.startswith("text/"):
                output.data[mime] = privacy.clean(content)


def _publish_result(run: SiteRun, source: Path, target: Path, name: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    content = (source / f"{name}.json").read_text(encoding="utf-8")
    script = _SCRIPTS[source.name](run.id, name, content)
    files.write_text(target / f"{name}.js", script)
    for ending in _COPIED:
        if (source / f"{name}{ending}").exists():
            shutil.copyfile(source / f"{name}{ending}", target / f"{name}{ending}")
