"""The command line: parses, calls, prints."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from analysis_lib import files, studies
from analysis_lib.commands import JOBS, StudyCommands, SweepCommands, say
from analysis_lib.errors import PRINTED, AnalysisError, RunError, visible

if TYPE_CHECKING:
    from analysis_lib.site import DataRow, SiteReport, StudyPage

INTERRUPTED = 130
SITE = files.PROJECT / "book" / "_build" / "html"
WATCHED = (
    *("analysis_lib", "notebooks", "book", "build/runs", "build/sweeps"),
    *("_config.yml", "report.yml", "requirements.lock", "benchmarks/results.json"),
)
"""What the pages are made from, for a book that is served."""

SHOWN = 12
"""Columns of a prediction that a terminal is given; a file has all."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(**_given: bool) -> None:
    """Run the studies of the gene-expression report, and build its book."""


@cli.command(name="studies")
def list_studies() -> None:
    """List the studies."""
    for info in studies.STUDIES.values():
        click.echo(f"{info.name:<20} {info.title}: {info.question}")


@cli.group(cls=StudyCommands, name="run")
def run_group() -> None:
    """Execute one study with parameters, unless the same run is there already."""


@cli.group(cls=StudyCommands, name="check")
def check_group() -> None:
    """Do everything a run does but model: read the data, check the parameters."""


@cli.group(
    cls=SweepCommands,
    name="sweep",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def sweep_group() -> None:
    """Execute one study at many points; those that are there already are not executed again."""


@cli.command()
@click.option("--as-is", is_flag=True, help="Execute nothing: the pages of the runs as they are.")
@click.option("--jobs", type=JOBS, default=1, help="Runs at once, a process each.  [1]")
def book(as_is: bool, jobs: int) -> None:
    """Execute what is stale, build the site, say where to open it."""
    report = _built(execute=not as_is, jobs=jobs)
    done = f"built in {report.seconds:.0f} s" if report.built else "nothing changed"
    click.echo(f"The book ({report.pages} pages, {done}): {report.target / 'index.html'}")
    if not as_is:  # a failed run is no failure of who asked for none
        _tell_failed(report)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Where to begin.  [8000]")
def serve(port: int) -> None:
    """Show the book to this machine's browser, and build it anew when something changes."""
    from analysis_lib.site.serving import in_new_process
    from analysis_lib.site.serving import serve as serve_site

    _built(execute=False)
    command = [sys.executable, "-m", "analysis_lib", "book", "--as-is"]
    serve_site(
        SITE,
        rebuild=in_new_process(command, files.PROJECT),
        watched=[files.PROJECT / name for name in WATCHED],
        port=port,
        say=say,
    )


@cli.command()
@click.argument("target", type=click.Path(path_type=Path), default=files.PROJECT / "build/publish")
def publish(target: Path) -> None:
    """Write the book into a folder (TARGET) that any static host can serve."""
    from analysis_lib.site.hosting import publish as publish_site

    report = _built(execute=True)
    publish_site(SITE, target, files.PROJECT, say, failed=report.failed)
    _tell_failed(report)


@cli.command()
@click.argument("runs", nargs=-1, metavar="STUDY/RUN STUDY/RUN...")
def compare(runs: tuple[str, ...]) -> None:
    """Set runs of a study side by side; the first is the reference."""
    from analysis_lib.runs.compare import compare_named
    from analysis_lib.runs.compare_text import comparison_text
    from analysis_lib.runs.engine import Runs

    for line in comparison_text(compare_named(runs, Runs(say=say))):
        click.echo(visible(line))


@cli.command()
@click.argument("run", metavar="STUDY/RUN")
@click.argument("samples", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write a CSV file instead.")
def predict(run: str, samples: Path, out: Path | None) -> None:
    """Say what the model that a run has kept makes of new samples."""
    from analysis_lib.runs.engine import Runs
    from analysis_lib.tables import write_table

    study = run.partition("/")[0]
    predicted = studies.predictor(study)(Runs(say=say).good(run), samples)
    for note in predicted.notes:
        click.echo(visible(note), err=True)
    if out:
        written = write_table(predicted.table, out, for_people=True)
        click.echo(f"{written.rows:,} rows × {written.columns:,} columns: {out}")
        return
    shown = predicted.table.iloc[:, :SHOWN]
    for line in shown.to_string(index=False, float_format="%.3f").splitlines():
        click.echo(visible(line))
    if (more := predicted.table.shape[1] - SHOWN) > 0:
        click.echo(
            f"{more:,} more columns are not shown; write them all: -o predicted.csv", err=True
        )


@cli.command(name="data")
@click.argument("study", required=False)
@click.option("--download", is_flag=True, help="Fetch what is missing, and verify everything.")
def data_command(study: str | None, download: bool) -> None:
    """Show which real data sets are there; with --download, fetch them (of one STUDY, or all)."""
    from analysis_lib import datasets

    chosen = datasets.of_study(study) if study else tuple(datasets.CATALOGUE.values())
    names = [dataset.name for dataset in chosen]
    folder = datasets.download_folder()
    if download:
        fetched = datasets.fetch([d.name for d in chosen if d.downloadable], folder)
        click.echo(f"{len(fetched)} files are here and verified, in {folder}")
    for row in datasets.whereabouts():
        if row.dataset in names:
            size = f"{row.size / 1e6:,.1f} MB" if row.size else ""
            found = row.path if row.state == "verified" else None
            place = f"{row.file}  {found.parent}" if found else row.file
            click.echo(f"{row.dataset:<12} {row.state:<10} {size:>10}  {place}")


def _built(execute: bool, jobs: int = 1) -> SiteReport:
    """Build the site, after executing what is stale or from the runs as they are."""
    from analysis_lib.runs.engine import Runs
    from analysis_lib.runs.report import as_they_are, make_all
    from analysis_lib.runs.sweep import root_of
    from analysis_lib.runs.sweep_file import made_for, read_sweeps
    from analysis_lib.runs.values import read_report
    from analysis_lib.site import Book, SiteRun, build_site
    from analysis_lib.site.sweep_choice import published

    runs, specs = Runs(say=say), read_report(files.PROJECT / "report.yml")
    sweeps = read_sweeps(root_of(files.PROJECT), say)
    hidden = made_for(sweeps) - {run for sweep in sweeps for run in published(sweep, runs.root)}
    states = (
        make_all(runs, specs, jobs=jobs, hidden=hidden)
        if execute
        else as_they_are(runs, specs, hidden)
    )
    pages = [SiteRun(**vars(state)) for state in states]
    return build_site(
        Book(pages, _study_pages(), _data_rows(), citation=_citation(), sweeps=sweeps),
        project=files.PROJECT,
        target=SITE,
        say=say,
    )


def _tell_failed(report: SiteReport) -> None:
    if report.failed:
        raise RunError(
            f"These runs failed: {', '.join(report.failed)}.",
            remedy="Their pages in the book say why; the next make book tries them again.",
        )


def _citation() -> str:
    from analysis_lib.runs.values import read_values

    facts = read_values(files.PROJECT / "CITATION.cff")
    authors = ", ".join(author["name"] for author in facts["authors"])
    return f"{authors}. {facts['title']}, version {facts['version']}."


def _study_pages() -> list[StudyPage]:
    from analysis_lib.site import StudyPage

    return [
        StudyPage(info.name, info.title, info.question, studies.load(info.name).Params.table())
        for info in studies.STUDIES.values()
    ]


def _data_rows() -> list[DataRow]:
    from analysis_lib import datasets
    from analysis_lib.site import DataRow

    states: dict[str, set[str]] = {}
    for row in datasets.whereabouts():
        states.setdefault(row.dataset, set()).add(row.state)
    return [
        DataRow(
            dataset=dataset.name,
            title=dataset.title,
            citation=dataset.citation,
            doi=dataset.doi,
            terms=dataset.terms,
            files=dataset.files,
            columns=tuple((column.name, column.meaning) for column in dataset.schema),
            state=", ".join(sorted(states[dataset.name])),
            used_by=tuple(name for name in dataset.studies if name in studies.STUDIES),
        )
        for dataset in datasets.CATALOGUE.values()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status: 0 good, 1 a failed run, 2 a user's mistake."""
    from analysis_lib.runs import processes, surroundings

    if arguments is None:  # a process of its own
        surroundings.settle()
    words = list(sys.argv[1:] if arguments is None else arguments)
    with processes.terminable(ending=True):
        _answer([word for word in words if word != "--debug"], debug="--debug" in words)


def _answer(words: Sequence[str], *, debug: bool) -> None:
    from analysis_lib.runs import processes

    try:
        with (
            processes.following(),
            processes.undisguised(),
            files.told("The command could not be carried out.", files.PROJECT, RunError),
        ):
            cli.main(words, standalone_mode=False)
    except AnalysisError as error:
        if debug:
            traceback.print_exc()
        click.echo(f"{PRINTED}{error}", err=True)
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        _leave("Interrupted", INTERRUPTED)
    except processes.Terminated as ended:
        _leave(f"Ended by {ended.signal}", ended.code)


def _leave(why: str, status: int | str | None) -> NoReturn:
    with contextlib.suppress(OSError):  # who listened may be gone as well
        click.echo(f"{why}. Earlier results stand as they were.", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
