"""A study of three cells: quick to execute, and easy to break in every way."""

from pathlib import Path
from types import SimpleNamespace

from pydantic import Field

from analysis_lib import files, results
from analysis_lib.datasets.sources import Source, SourceFile
from analysis_lib.errors import DataError
from analysis_lib.studies.params import StudyParams

SETUP = """\
import toy_study
params = toy_study.Params.from_notebook(globals())"""
SAVE = "toy_study.save(params)"


class Params(StudyParams):
    number: float = Field(1.0, description="A number.", gt=0, le=1000)
    text: str = Field("a", description="A text.")
    names: list[str] = Field(["x"], description="Some names.", min_length=1)
    data: str | None = Field(None, description="A path.")


def sources(params: Params) -> list[Source]:
    if params.data is None:
        return []
    path = Path(params.data)
    if not path.is_file():
        raise DataError("Your data file does not exist.", where=str(path))
    file = SourceFile(path.name, path, files.sha256(path), None)
    return [Source("toy_table", "yours", "A table", (file,))]


def save(params: Params) -> None:
    results.save_json("data", [source.record(rows=1) for source in sources(params)])
    results.save_metrics(
        {"number": {"label": "The number", "value": params.number}},
        headline=["number"],
        glance=["A number was given."],
        picture="none",
    )


def study() -> SimpleNamespace:
    """What the engine takes for the module of a study."""
    return SimpleNamespace(Params=Params, sources=sources, check=lambda params: [])
