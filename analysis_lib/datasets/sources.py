"""Which data a study uses: yours, or the real files when all are here, or simulated ones.

Never a mixture: a set of files counts only when it is complete and verified in one folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis_lib import files
from analysis_lib.datasets import checking
from analysis_lib.datasets.catalogue import CATALOGUE, DataSet
from analysis_lib.datasets.download import FileStatus, damaged, locate, status
from analysis_lib.errors import DataError

FOLDER_VARIABLE = "ANALYSIS_DATA_DIR"
_DOWNLOADS = Path("build", "downloads")


@dataclass(frozen=True)
class SourceFile:
    """A file a study reads, with what identifies its bytes."""

    name: str
    path: Path
    sha256: str
    address: str | None


@dataclass(frozen=True)
class Source:
    """What a study reads, and of which kind it is."""

    dataset: str
    kind: Literal["yours", "real", "simulated"]
    title: str
    files: tuple[SourceFile, ...]
    note: str = ""

    def record(self, rows: int) -> dict[str, Any]:
        """Return what a run keeps about its data: no path of this machine is in it.

        Examples
        --------
        >>> Source("dge_table", "simulated", "Differential expression", ()).record(200)["kind"]
        'simulated'
        """
        return {
            "dataset": self.dataset,
            "kind": self.kind,
            "title": self.title,
            "note": self.note,
            "rows": rows,
            "files": [
                {"name": file.name, "address": file.address, "sha256": file.sha256}
                for file in self.files
            ],
        }


def choose(
    dataset: DataSet,
    yours: str | Path | Sequence[str | Path] | None = None,
    folders: Sequence[Path] | None = None,
) -> Source:
    """Choose what a study reads.

    Parameters
    ----------
    yours : path or paths, optional
        Your own file; a folder with files of the published names where there are several; or
        several files, such as a table and its labels.
    folders : sequence of Path, optional
        Data folders to look in, `data_folders()` when not given.

    Raises
    ------
    DataError
        When your path does not exist, when a complete set of real files is damaged, or when
        there are no files and nothing simulates them.
    """
    if isinstance(yours, str | Path):
        yours = [yours] if str(yours) else []
    if yours:
        return _yours(dataset, [Path(path).expanduser() for path in yours])
    missing: list[str] = []
    bad: checking.Verdict | None = None
    for folder in data_folders() if folders is None else folders:
        if not dataset.downloadable:
            break
        verdicts = _judge_all(dataset, folder)
        wrong = [verdict for verdict in verdicts if verdict.state == "damaged"]
        lacking = [v.path.name for v in verdicts if v.state in ("missing", "partial")]
        if not lacking and not wrong:
            return _real(dataset, verdicts)
        if not lacking:
            bad = bad or wrong[0]
        elif len(lacking) < len(verdicts):
            missing = missing or lacking
    if bad is not None:
        raise damaged(bad, f"Delete it or fetch it again: {_command(dataset)}")
    return _simulated(dataset, missing)


def choose_together(
    datasets: Sequence[DataSet], folders: Sequence[Path] | None = None
) -> list[Source]:
    """Choose for data sets that a study needs together: all of them real, or all simulated.

    Parameters
    ----------
    folders : sequence of Path, optional
        Data folders to look in, `data_folders()` when not given.
    """
    chosen = [choose(dataset, folders=folders) for dataset in datasets]
    real = [source.title for source in chosen if source.kind == "real"]
    if len(real) == len(chosen):
        return chosen
    absent = [
        file.name
        for dataset, source in zip(datasets, chosen, strict=True)
        if source.kind != "real"
        for file in dataset.files
    ]
    note = (
        f"Real files are here in part, so none is used; missing: {', '.join(absent)}."
        if real
        else ""
    )
    return [
        Source(dataset.name, "simulated", dataset.title, (), note if i == 0 else "")
        if real
        else source
        for i, (dataset, source) in enumerate(zip(datasets, chosen, strict=True))
    ]


def data_folders() -> list[Path]:
    """Return the folders in which real files are looked for, the first one first."""
    places = [files.PROJECT / "data", download_folder()]
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if named:
        folder = files.PROJECT / Path(named).expanduser()
        if not folder.is_dir():
            raise DataError(
                f"{FOLDER_VARIABLE} names a folder that does not exist.",
                where=str(folder),
                remedy=f"Create it, or unset {FOLDER_VARIABLE}.",
            )
        places.insert(0, folder)
    return [place for place in places if place.is_dir()]


def whereabouts(catalogue: Mapping[str, DataSet] = CATALOGUE) -> list[FileStatus]:
    """Return one row per file of the catalogue: where a study would find it, or its state here."""
    rows = {(row.dataset, row.file): row for row in status(download_folder(), catalogue)}
    for folder in reversed(data_folders()):
        found = [row for row in status(folder, catalogue) if row.state in ("verified", "unpinned")]
        rows |= {(row.dataset, row.file): row for row in found}
    return list(rows.values())


def download_folder() -> Path:
    """Return where `make data` puts what it fetches."""
    return files.PROJECT / _DOWNLOADS


def _yours(dataset: DataSet, paths: Sequence[Path]) -> Source:
    if len(paths) == 1 and paths[0].is_dir() and dataset.downloadable:
        paths = _published_names(dataset, paths[0])
    for path in paths:
        if not path.is_file():
            folder = path.is_dir()
            raise DataError(
                "Your data file is a folder." if folder else "Your data file does not exist.",
                where=str(path),
                remedy="Check the path; it is read from the folder the command runs in.",
            )
    try:
        own = tuple(SourceFile(p.name, p, files.sha256(p), None) for p in paths)
    except OSError as error:
        raise DataError(
            "Your data file cannot be read.", where=str(path), got=error.strerror
        ) from error
    return Source(dataset.name, "yours", dataset.title, own)


def _published_names(dataset: DataSet, folder: Path) -> list[Path]:
    names = [file.name for file in dataset.files]
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise DataError(
            "Your folder does not hold all files of this data set.",
            where=str(folder),
            expected=", ".join(names),
            got="missing: " + ", ".join(absent),
        )
    return [folder / name for name in names]


def _real(dataset: DataSet, verdicts: Sequence[checking.Verdict]) -> Source:
    found = tuple(
        SourceFile(file.name, verdict.path, files.sha256(verdict.path), file.address)
        for file, verdict in zip(dataset.files, verdicts, strict=True)
    )
    unpinned = [verdict.path.name for verdict in verdicts if verdict.state == "unpinned"]
    note = (
        f"No checksum is published for {', '.join(unpinned)}; what was found is recorded."
        if unpinned
        else ""
    )
    return Source(dataset.name, "real", dataset.title, found, note)


def _simulated(dataset: DataSet, missing: Sequence[str]) -> Source:
    note = f"Real files are here in part, so none is used; missing: {', '.join(missing)}."
    if dataset.simulator is None:
        raise DataError(
            f"The files of data set {dataset.name!r} are not here, and nothing simulates them.",
            got=f"missing: {', '.join(missing)}" if missing else None,
            remedy=f"Fetch them: {_command(dataset)}",
        )
    return Source(dataset.name, "simulated", dataset.title, (), note if missing else "")


def _judge_all(dataset: DataSet, folder: Path) -> list[checking.Verdict]:
    place = locate(dataset, folder)
    pins = checking.read_pins(folder)
    return [checking.judge(file, place, pins) for file in dataset.files]


def _command(dataset: DataSet) -> str:
    return f"make data STUDY={dataset.studies[0]}"
