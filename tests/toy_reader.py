"""A study that works on the results of a toy run."""

from pathlib import Path
from types import SimpleNamespace

from pydantic import Field

from analysis_lib import files, results
from analysis_lib.datasets.sources import Source, SourceFile
from analysis_lib.studies.params import StudyParams


class Params(StudyParams):
    models: str = Field("toy/default", description="The run whose numbers are read.")


def sources(params: Params) -> list[Source]:
    path = results.of_run(params.models, Path.cwd() / "build" / "runs") / "metrics.json"
    file = SourceFile(path.name, path, files.sha256(path), None)
    return [Source("models", "simulated", params.models, (file,))]


def save(params: Params) -> None:
    results.save_json("data", [source.record(rows=1) for source in sources(params)])
    results.save_metrics({}, headline=[], glance=[], picture="none")


def study() -> SimpleNamespace:
    """What the engine takes for the module of a study."""
    return SimpleNamespace(Params=Params, sources=sources, check=lambda params: [])
