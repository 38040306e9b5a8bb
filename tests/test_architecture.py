"""Who may import whom, and what is imported when; what is banned anywhere, `lint.py` says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_lib.files import PROJECT

PACKAGE = PROJECT / "analysis_lib"
BASE = {"errors", "files", "results", "tables"}
MAY_IMPORT = {
    "errors": set(),
    "files": {"errors"},
    "results": {"errors", "files"},
    "tables": {"errors", "files"},
    "zips": set(),
    "cluster": {"errors", "files"},
    "datasets": BASE,
    "models": BASE | {"cluster"},
    "evaluation": BASE,
    "embedding": BASE,
    "figures": BASE,
    "studies": BASE | {"datasets", "models", "evaluation", "embedding", "figures"},
    "runs": BASE | {"studies", "datasets", "cluster", "zips"},
    "site": BASE | {"runs", "figures", "zips"},
    "commands": BASE | {"runs", "studies", "cluster"},
    "__main__": BASE | {"commands", "runs", "site", "datasets", "studies"},
    "__init__": BASE | {"runs", "site", "datasets", "studies"},
}
HEAVY = {
    "tensorflow",
    "xgboost",
    "umap",
    "sklearn",
    "keras",
    "matplotlib",
    "numba",
    "papermill",
} | {
    *("dask", "distributed"),
}
AT_THE_TOP = {  # modules that are themselves imported where they are used
    "models/two_classes.py": {"sklearn"},  # subclasses of its classes
    "models/lasso_paths.py": {"numba"},  # compiled functions
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_rooms_import_only_what_they_may(path):
    ours = {
        name.split(".")[1]
        for name in imports(ast.parse(path.read_text()))
        if name.startswith("analysis_lib.")
    }
    assert ours - {room(path)} <= MAY_IMPORT[room(path)]


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_are_imported_where_they_are_used(path):
    top = ast.Module(
        [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)],
        [],
    )
    allowed = AT_THE_TOP.get(path.relative_to(PACKAGE).as_posix(), set())
    assert not {name.split(".")[0] for name in imports(top)} & HEAVY - allowed


def test_the_front_door_is_light():
    code = (
        "import sys, analysis_lib.__main__ as m\n"
        "try: m.main(['studies'])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & {HEAVY | {'pandas', 'numpy', 'plotly', 'pyarrow'}!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
