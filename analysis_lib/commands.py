"""The commands of a study: to run it, to check what a run would do, to sweep over parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from analysis_lib import studies
from analysis_lib.errors import RunError, visible
from analysis_lib.runs.grid import MOST

JOBS = click.IntRange(1, 64)
"""How many runs may be made at once."""


class StudyCommands(click.Group):
    """One sub-command for each study, made when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the studies."""
        return list(studies.STUDIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Return the command of a study; its help lists the study's parameters."""
        info = studies.info(cmd_name)
        does, more, in_file = _KINDS[self.name or ""]
        options: list[click.Parameter] = [
            click.Argument(["words"], nargs=-1, metavar="[NAME=VALUE]..."),
            click.Option(
                ["-f", "--file", "file"],
                type=click.Path(path_type=Path),
                help=f"Read {in_file} from a YAML or JSON file; words given beside it win.",
            ),
            click.Option(
                ["--words", "more"],
                default="",
                help="More parameters, all in one text that is split as a shell would.",
            ),
            *more,
        ]
        return StudyCommand(
            cmd_name,
            callback=lambda **given: does(info.name, **given),
            params=options,
            help=f"{info.title}. {info.question}",
        )


class SweepCommands(StudyCommands):
    """The same for sweeps, where a file may say which study is meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words ask for, and the rest of the words."""
        if args[0].startswith("-"):
            from analysis_lib.runs.grid import study_of

            some = self.get_command(ctx, next(iter(studies.STUDIES)))
            given, _, _ = some.make_parser(ctx).parse_args([*args])
            if not given.get("file"):
                raise click.UsageError("Missing the study; the file of a sweep may say it.", ctx)
            args = [study_of(Path(given["file"])), *args]
        return super().resolve_command(ctx, args)


class StudyCommand(click.Command):
    """A command whose help ends with the parameters of its study."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of parameters."""
        with formatter.section("Parameters"):
            formatter.write_dl(
                [
                    (
                        f"{row.name}={row.default}",
                        f"{row.description} ({'; '.join(filter(None, [row.type, row.range]))})",
                    )
                    for row in studies.load(self.name or "").Params.table()
                ],
                col_max=36,
            )


def say(line: str) -> None:
    """Print a line meant for the user, as soon as it is said."""
    # Not click's echo: only what is printed keeps clear of the moving line of a terminal.
    print(line, flush=True)


def _values(study: str, words: Sequence[str], more: str, file: Path | None) -> dict[str, Any]:
    from analysis_lib.runs.values import parse_words, read_values, split_words

    given = read_values(file) if file else {}
    return {**given, **parse_words(studies.load(study).Params, [*words, *split_words(more)])}


def _run(
    study: str,
    *,
    words: Sequence[str],
    more: str,
    file: Path | None,
    name: str,
    force: bool,
    time_limit: str | None,
    memory_limit: str | None,
) -> None:
    from analysis_lib.runs.engine import Runs
    from analysis_lib.runs.limits import Limits
    from analysis_lib.runs.values import RunSpec

    spec = RunSpec(study, name, _values(study, words, more, file))
    outcome = Runs(say=say).ensure(spec, force=force, limits=Limits.asked(time_limit, memory_limit))
    if outcome.did == "nothing":
        click.echo(f"{spec.id}: nothing changed since {outcome.record.started}; not executed.")
    click.echo(f"Results: build/runs/{spec.id}/   Its page: make book")


def _sweep(
    study: str,
    *,
    words: Sequence[str],
    more: str,
    file: Path | None,
    grid: str | None,
    name: str | None,
    jobs: int,
    scheduler: str | None,
    most: int,
) -> None:
    from analysis_lib.runs.engine import Runs
    from analysis_lib.runs.grid import asked
    from analysis_lib.runs.side_by_side import hands
    from analysis_lib.runs.sweep import sweep

    fixed = _values(study, words, more, None)
    points = asked(study, grid, file, fixed, name=name, most=most)
    runs = Runs(say=say)
    if scheduler:
        from analysis_lib.runs.cluster import Cluster

        made = sweep(runs, study, points, Cluster(runs, scheduler))
    else:
        made = sweep(runs, study, points, hands(runs, jobs), jobs=jobs)
    if failed := [point for point in made.points if point.status == "failed"]:
        raise RunError(
            f"{len(failed)} of {len(made.points)} points failed.",
            got=f"{failed[0].run}: {(failed[0].error or '').splitlines()[0]}",
            remedy="The page of the sweep says why; the same command tries them again.",
        )


def _check(study: str, *, words: Sequence[str], more: str, file: Path | None) -> None:
    module = studies.load(study)
    params = module.Params.of(_values(study, words, more, file))
    told = module.check(params)
    width = max(len(topic) for topic, _ in told)
    for topic, text in told:
        click.echo(f"{topic:<{width}}  {visible(text)}")


_OF_A_RUN = (
    click.Option(["--name"], default="mine", help="Name of the run.  [mine]"),
    click.Option(["--force"], is_flag=True, help="Execute even if nothing changed."),
    click.Option(["--time-limit"], help="Seconds in all, half for a cell.  [3600]"),
    click.Option(["--memory-limit"], help="As 4G or 900M.  [80 % of what the machine has]"),
)
_OF_A_SWEEP = (
    click.Option(["--grid"], help="What varies: p_threshold=0.01,0.05 lfc_threshold=1,2"),
    click.Option(["--name"], help="Name of the sweep.  [sweep]"),
    click.Option(["--jobs"], type=JOBS, default=1, help="Runs at once, a process each.  [1]"),
    click.Option(
        ["--scheduler"],
        envvar="DASK_SCHEDULER_ADDRESS",
        help="Make the runs on a Dask cluster: tcp://host:8786",
    ),
    click.Option(["--most"], type=click.IntRange(1), default=MOST, help=f"Points.  [{MOST}]"),
)
_KINDS: dict[str, tuple[Callable[..., None], tuple[click.Option, ...], str]] = {
    "run": (_run, _OF_A_RUN, "parameters"),
    "check": (_check, (), "parameters"),
    "sweep": (_sweep, _OF_A_SWEEP, "what varies"),
}
"""What a group of commands does with a study, its options, and what its file holds."""
