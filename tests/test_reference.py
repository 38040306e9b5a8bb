"""The reference: all that is public, by names that can be imported; and nothing in it acts."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.files import PROJECT
from analysis_lib.site.build import jupyter_book
from analysis_lib.site.check import HEAVIEST, find_faults, read_page
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.reference.docstrings import directive, prose, summary
from analysis_lib.site.reference.library import Library, Room, members, parameters
from analysis_lib.site.reference.rooms import PACKAGE, ROOMS, pages, part
from tests.site.browsing import Watched, chromium
from tests.site.fixtures import HOSTILE

NOT_SHOWN = {"__init__", "__main__", "commands", "files", "zips"}
OBJECT = re.compile(r"^:+\{py:(function|class|exception|data)\} (\w+)\n:module: ([\w.]+)$", re.M)


@cache
def written() -> dict[str, str]:
    return pages()


@cache
def library() -> Library:
    return Library(PACKAGE, ROOMS)


def plain(html: str) -> str:
    """Return what a reader sees of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def room_of(module: str) -> Room:
    """Return the room a module is shown in: the one with the longest name it begins with."""
    below = module.removeprefix("analysis_lib.")
    fits = [r for r in ROOMS for p in r.packages if below == p or below.startswith(f"{p}.")]
    return max(fits, key=lambda room: len(room.packages[0]))


def modules() -> list[tuple[str, ast.Module]]:
    """Return every public module that has a room, as Python sees it."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in NOT_SHOWN or any(p[0] == "_" and p != "__init__" for p in parts):
            continue
        name = ".".join(("analysis_lib", *parts)).removesuffix(".__init__")
        found.append((name, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    every = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    return [n for n in every if not n.name.startswith("_")]


# Everything is there


def test_every_room_of_the_package_is_shown_or_known_not_to_be():
    rooms = {
        p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()
    }
    assert rooms == NOT_SHOWN | {name.split(".")[0] for room in ROOMS for name in room.packages}


def test_every_public_function_and_class_is_on_the_page_of_its_room_once():
    due = Counter()
    for module, tree in modules():
        room = room_of(module)
        packages = {f"analysis_lib.{room.packages[0]}", module.rpartition(".")[0]}
        exported = {n for p in packages for n in getattr(importlib.import_module(p), "__all__", ())}
        due.update(
            (f"reference/{room.page}", module, node.name)
            for node in public(tree)
            if not room.front or node.name in exported
        )
    found = Counter()
    for page, text in written().items():
        for kind, name, module in OBJECT.findall(text):
            if kind != "data":
                thing = getattr(importlib.import_module(module), name)
                found[page, thing.__module__, name] += 1
    assert found == due


def test_every_name_can_be_imported_as_it_is_shown():
    for text in written().values():
        for _, name, module in OBJECT.findall(text):
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_everything_public_is_said_something_of():
    """What has no docstring would be left out of the reference without a word."""
    silent = []
    for module, tree in modules():
        assert ast.get_docstring(tree), module
        for node in public(tree):
            said = ast.get_docstring(node)
            below = node.body if isinstance(node, ast.ClassDef) else []
            silent += [] if said else [f"{module}.{node.name}"]
            silent += [
                f"{module}.{node.name}.{each.name}"
                for each in below
                if isinstance(each, ast.FunctionDef)
                and not each.name.startswith("_")
                and not ast.get_docstring(each)
                and not re.search(rf"^{each.name}\b.* :", said or "", re.M)  # an attribute
            ]
    assert silent == []


def test_every_summary_is_on_its_page():
    for module, tree in modules():
        room = room_of(module)
        seen = plain(written()[f"reference/{room.page}"])
        for node in [] if room.front else public(tree):
            said = plain(prose(summary(ast.get_docstring(node)), lambda _: None))
            assert said in seen, f"{module}.{node.name}"


def test_parameters_that_are_explained_exist():
    wrong = []
    for room in ROOMS:
        for _, things in library().shown(room):
            for thing in (each for one in things for each in (one, *members(one))):
                if thing.is_attribute:
                    continue
                known = {parameter.name for parameter in parameters(thing)}
                told = [s.value for s in thing.docstring.parsed if s.kind.value == "parameters"]
                names = [n.strip(" *") for items in told for i in items for n in i.name.split(",")]
                wrong += [f"{thing.path}: {name}" for name in names if name not in known]
    assert wrong == []


def test_the_front_door_shows_what_it_exports():
    page = written()["reference/analysis_lib"]
    shown = re.findall(r'id="analysis_lib\.(\w+)"', page)
    assert shown == importlib.import_module("analysis_lib").__all__


def test_the_list_of_rooms_leads_to_every_page_in_their_order():
    assert re.findall(r'href="(reference/[\w-]+)\.html"', part()) == list(written())


def test_nothing_is_imported_to_write_the_reference_and_it_is_the_same_twice():
    code = (
        "import sys, hashlib; from analysis_lib.site import reference\n"
        "pages = reference.pages(); rooms = ('models', 'evaluation', 'studies', 'datasets')\n"
        "loaded = {n.removeprefix('analysis_lib.') for n in sys.modules} & {*rooms, 'numba'}\n"
        "assert not loaded, loaded\n"
        "print(hashlib.sha256(repr(pages).encode()).hexdigest())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].stderr == ""


# How it is said


SMALL = '''
"""A small room."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, NamedTuple

from other_lib import Field, Model
from {package}.tables.base import Base

raise SystemExit("imported")

Kinds = Literal["a", "b"]

LIMIT: int = 3
"""How many."""

LONG = "{long}"
"""Not shown in full."""


def marks(a, /, b: int, *rest: str, c: Kinds = "a", **more: float) -> Mapping[str, Base]:
    """Return marks; see `Point`, `Base`, `b`, `LIMIT` and `nothing_known`.

    Parameters
    ----------
    a, b : int
        Both.
    """


def only(*, c: bool = True) -> None:
    """Take what is named."""


class Point(NamedTuple):
    """A place."""

    x: float
    y: float = 0.0


@dataclasses.dataclass(frozen=True)
class Line(Base):
    """Two places."""

    start: Point
    _length: int = 0

    @property
    def middle(self) -> Point:
        """Between both."""

    @classmethod
    def of(cls, start: Point) -> Line:
        """Make one; `middle` is in it."""

    @staticmethod
    def zero() -> Line:
        """Make one at zero."""

    def _hidden(self):
        """Stay out."""


class Params(Model):
    """What can be asked for."""

    seed: int = Field(42, ge=0, description="Seed of " "everything.")


def _private():
    """Stay out."""
'''


def small(folder: Path) -> Path:
    """Write a package that must not be imported."""
    package = folder / "small_lib"
    (package / "tables").mkdir(parents=True)
    (package / "__init__.py").write_text(
        '"""All."""\n__all__ = ["Base"]\nfrom small_lib.tables import Base\n'
    )
    (package / "tables" / "__init__.py").write_text(
        '"""Tables."""\nfrom small_lib.tables.base import Base\n__all__ = ["Base"]\n'
    )
    (package / "tables" / "base.py").write_text('"""Below."""\n\nclass Base:\n    """First."""\n')
    (package / "tables" / "many.py").write_text(
        SMALL.replace("{package}", "small_lib").replace("{long}", "x" * 99)
    )
    return package


@pytest.fixture
def small_page(tmp_path) -> str:
    return pages(small(tmp_path), [Room("tables", "Tables", ("tables",))])["reference/tables"]


@pytest.mark.parametrize(
    "call",
    [
        "marks(a, /, b: int, *rest: str, c: Literal['a', 'b'] = 'a', **more: float)"
        " → Mapping[str, Base]",
        "only(*, c: bool = True) → None",
        "Point(x: float, y: float = 0.0)",
        "Line(start: Point, _length: int = 0)",
        "middle: Point",
        "of(start: Point) → Line",
        "zero() → Line",
        "LIMIT: int = 3",
    ],
)
def test_how_a_thing_is_called_is_told_as_python_writes_it(small_page, call):
    calls = [plain(each) for each in re.findall(r'<p class="ar-call.*?</p>', small_page)]
    assert call in calls


def test_names_in_a_docstring_lead_to_what_they_mean(small_page):
    linked = dict(re.findall(r'<a href="([^"]+)"><code>([^<]+)</code>', small_page))
    inverse = {name: address for address, name in linked.items()}
    assert inverse["Point"] == "tables.html#small_lib.tables.many.Point"
    assert inverse["Base"] == "tables.html#small_lib.tables.Base"
    assert inverse["middle"] == "tables.html#small_lib.tables.many.Line.middle"
    assert "<code>b</code>, <a" in small_page  # the parameter, and nothing else called so
    assert "<code>nothing_known</code>" in small_page


def test_what_is_exported_has_the_name_of_its_package_and_keeps_its_own(small_page):
    assert ("class", "Base", "small_lib.tables") in OBJECT.findall(small_page)
    assert 'id="small_lib.tables.base.Base"' in small_page
    assert '<strong><a href="#small_lib.tables.Base">Base</a></strong>' in small_page


def test_what_is_private_or_too_long_stays_out(small_page):
    assert "Stay out" not in small_page
    assert "xxx" not in small_page
    assert "Not shown in full" in small_page


def test_names_that_are_explained_together_stay_together_and_fields_are_explained(small_page):
    assert "<dt><code>a</code>, <code>b</code> " in small_page
    assert "Seed of everything." in plain(small_page)
    assert '<code>seed</code> <span class="ar-type"><i>int</i> = 42</span>' in small_page


@given(st.text(alphabet="ab1.,*`<>&-$\n ", max_size=80))
def test_prose_keeps_every_word_and_only_its_own_tags(content):
    html = prose(content, lambda _: None)
    own = {"p", "code", "em", "ul", "li", "pre", "dl", "dt", "dd"}
    assert set(re.findall(r"</?(\w+)", html)) <= own
    assert "\n" not in html
    word = re.compile("[ab1]+")
    seen = unescape(re.sub(r"<[^>]*>", " ", html))
    assert "".join(word.findall(seen)) == "".join(word.findall(content))


@given(st.text(alphabet=":`a\n", max_size=60))
def test_a_directive_ends_where_it_ends(body):
    lines = directive("py:class", "A", body).splitlines()
    fence = re.match(":+", lines[0])[0]
    assert [n for n, line in enumerate(lines) if line.startswith(fence)] == [0, len(lines) - 1]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("One\ntwo.\n\nThree.", "<p>One two.</p><p>Three.</p>"),
        ("- a\n  b\n- c", "<ul><li>a b</li><li>c</li></ul>"),
        ("    x = 1", "<pre>x = 1</pre>"),
        ("term\n    What.", '<dl class="ar-terms"><dt>term</dt><dd><p>What.</p></dd></dl>'),
        ("2 * 3 * 4 and a*b*c", "<p>2 * 3 * 4 and a*b*c</p>"),
        ("`<b>` is *not* bold", "<p><code>&lt;b&gt;</code> is <em>not</em> bold</p>"),
    ],
)
def test_light_markup(said, shown):
    assert prose(said, lambda _: None) == shown


# The pages, built


ROOM = Room("hostile", "Hostile", ("tables",))
ONE_LINE = HOSTILE.replace("\n", " ")
BODY = f'''"""{HOSTILE}

[[runs]] :::{{note}} <b>bold</b>
::::::::
"""

def f(a: "{{{{ 7*7 }}}}" = {HOSTILE!r}, b=':::', c="```") -> "$x$ <b>":
    """{ONE_LINE}

    Parameters
    ----------
    a : <img src=x onerror=alert(3)>
        {ONE_LINE}

        - {ONE_LINE}

    Examples
    --------
    >>> print("```{{raw}} html")
    ```
    ::::::::
    <script>alert(4)</script>
    """

X = "<script>alert(5)</script>"
"""`</code><script>alert(6)</script>`"""
'''


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Path:
    """Build the reference, and the pages of a hostile package, once."""
    root = tmp_path_factory.mktemp("reference")
    package = root / "hostile_lib"
    package.mkdir()
    (package / "__init__.py").write_text('"""All."""\n__all__ = []\n')
    (package / "tables.py").write_text(BODY)
    source = root / "source"
    shutil.copytree(PROJECT / "book" / "_static", source / "_assets")
    shutil.copy(PROJECT / "book" / "favicon.svg", source)
    shutil.copy(PROJECT / "_config.yml", source)
    every = {
        "index": "# Report",
        "reference": (PROJECT / "book/reference.md").read_text().replace("[[reference]]", part()),
        **written(),
        **pages(package, [ROOM]),
    }
    for name, text in every.items():
        path = source / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    listed = [{"file": name} for name in every if name != "index"]
    toc = {"format": "jb-book", "root": "index", "chapters": listed}
    (source / "_toc.yml").write_text(json.dumps(toc))
    return jupyter_book(source, root / "output")


def built() -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(("index", "reference", *written(), "reference/hostile"), ())


def test_the_pages_pass_the_checks_of_the_site(book):
    assert list(find_faults(book, built(), Privacy(PROJECT))) == []


def test_every_object_has_its_dotted_name_as_its_anchor_once(book):
    for page, text in written().items():
        ids = read_page(book, page).ids
        for _, name, module in OBJECT.findall(text):
            assert ids[f"{module}.{name}"] == 1


def test_no_page_is_heavy(book):
    weights = {p.name: p.stat().st_size for p in (book / "reference").glob("*.html")}
    assert {name: size for name, size in weights.items() if size > HEAVIEST} == {}


def test_nothing_in_a_docstring_acts(book):
    page = (book / "reference" / "hostile.html").read_text(encoding="utf-8")
    article = page[page.index("<article") : page.index("</article>")]
    elements = Counter(re.findall(r"<(b|em|img|script|strong)\b", article))
    # Two names are called, and the emphasis of a docstring is its own markup.
    assert elements == {"b": 2, "em": elements["em"]}
    assert not re.search(r"<(b|img)\b", page.replace(article, ""))
    assert "alert(" not in page.replace(article, "")
    seen = plain(article)
    assert seen.count("</script><img src=x onerror=alert(1)>{{ 7*7 }} $x$ ```{raw} html") == 6
    for said in ("[[runs]]", "<b>bold</b>", "<img src=x onerror=alert(3)>", "alert(4)", "alert(6)"):
        assert said in seen
    assert ">Parameters<" in article


def test_the_search_finds_every_object(book):
    index = (book / "searchindex.js").read_text(encoding="utf-8")
    objects = index[index.index('"objects"') : index.index('"objnames"')]
    for text in written().values():
        for _, name, _module in OBJECT.findall(text):
            assert f'"{name}"' in objects


def test_pages_fit_a_phone_and_the_search_leads_to_the_object(book):
    with chromium() as browser:
        watched = Watched(browser.new_page(viewport={"width": 390, "height": 844}))
        for page in sorted(built()):
            watched.page.goto((book / f"{page}.html").as_uri(), wait_until="networkidle")
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert watched.page.evaluate(wide) == 0, page
        search = (book / "search.html").as_uri() + "?q=read_table"
        watched.page.goto(search, wait_until="networkidle")
        found = watched.page.locator('#search-results a[href*="analysis_lib.tables.read_table"]')
        found.first.click()
        watched.page.wait_for_url("**/reference/tables.html#analysis_lib.tables.read_table")
        watched.quiet()


# The page above them


def test_the_example_of_the_reference_runs_and_prints_what_the_page_says(tmp_path):
    text = (PROJECT / "book" / "reference.md").read_text(encoding="utf-8")
    code, output = (
        re.search(rf"```{kind}\n(.*?)```", text, re.S)[1] for kind in ("python", "text")
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, output), done.stderr
    assert "plotly" in (tmp_path / "p-values.html").read_text(encoding="utf-8")


def test_the_page_above_names_every_room_and_the_rooms_only():
    text = (PROJECT / "book" / "reference.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z]+)`", text[text.index("## The rooms") :])) - {"reference"}
    assert told == {room.packages[0] for room in ROOMS if "." not in room.packages[0]} - {"results"}
