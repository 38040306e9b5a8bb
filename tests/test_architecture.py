"""Who may import whom, what is imported when, and what is banned outside its room."""

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
    "files": set(),
    "results": {"errors", "files"},
    "tables": {"errors", "files"},
    "datasets": BASE,
    "models": BASE,
    "evaluation": BASE,
    "embedding": BASE,
    "figures": BASE,
    "studies": BASE | {"datasets", "models", "evaluation", "embedding", "figures"},
    "runs": BASE | {"studies", "datasets"},
    "site": BASE | {"runs", "figures"},
    "__main__": BASE | {"runs", "site", "datasets", "studies"},
    "__init__": BASE | {"runs", "site", "datasets", "studies"},
}
HEAVY = {"tensorflow", "xgboost", "umap", "sklearn", "keras", "matplotlib", "numba", "papermill"}
AT_THE_TOP = {  # modules that are themselves imported where they are used
    "models/two_classes.py": {"sklearn"},  # subclasses of its classes
    "models/lasso_paths.py": {"numba"},  # compiled functions
}
BANNED = {
    "pickle": "code can hide in it",
    "joblib.load": "code can hide in it",
    "read_pickle": "code can hide in it",
    "to_html": "writes text from data unescaped",
    "HTML": "writes text from data unescaped",
    "Markdown": "writes text from data unescaped",
    "Latex": "writes text from data unescaped",
}
MAY_WRITE_HTML = {PACKAGE / "figures" / "embed.py"}


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


def names_used(tree: ast.AST) -> set[str]:
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    used |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return used | {name for full in imports(tree) for name in (full, full.split(".")[-1])}


def sources_with_html() -> list[tuple[str, str]]:
    import nbformat

    texts = [(p.relative_to(PROJECT).as_posix(), p.read_text()) for p in modules()]
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(c.source for c in cells if c.cell_type == "code")
        texts.append((path.relative_to(PROJECT).as_posix(), code))
    return texts


@pytest.mark.parametrize(("name", "text"), sources_with_html(), ids=lambda v: v[:60])
def test_no_text_reaches_a_page_unescaped_and_nothing_is_unpickled(name, text):
    """Faults 12 and 15: scripts ran from `df.style`, `HTML(f"…")`, `Markdown(…)`; from pickles."""
    banned = set(BANNED)
    if PROJECT / name in MAY_WRITE_HTML or name.startswith("analysis_lib/site/"):
        banned -= {"to_html", "HTML", "Markdown", "Latex"}
    assert not names_used(ast.parse(text)) & banned


def test_the_ban_sees_what_it_bans():
    tree = ast.parse("from IPython.display import HTML\nHTML(f'<b>{gene}</b>')\ndf.to_html()")
    assert names_used(tree) & set(BANNED) == {"HTML", "to_html"}
