"""What no source of this project may do, and the few places that may: `python -m tests.lint`.

Names are followed to what they stand for: through imports and their aliases, assignments, `getattr`
with a text, `sys.modules` and `__builtins__`. A name that is made at run time (`getattr(x, a + b)`)
is beyond any reader of sources; the imports that it would take are not.
"""

from __future__ import annotations

import ast
import builtins
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from analysis_lib.files import PROJECT

RUNS_CODE = "code can hide in it"
UNESCAPED = "writes text from data unescaped"
A_SHELL = "a shell reads what it is given"
WEAK = "tells nothing about whether a file is whole"
UNSEEDED = "another result every time"

BANNED = {
    # Modules, with everything in them.
    **dict.fromkeys(("pickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal"), RUNS_CODE),
    **dict.fromkeys(("jsonpickle", "pickletools", "yaml", "code", "codeop"), RUNS_CODE),
    **dict.fromkeys(("telnetlib", "ftplib", "xmlrpc", "cgi"), "not for this project"),
    **dict.fromkeys(("IPython.display", "IPython.core.display"), UNESCAPED),
    # Functions. "?" stands for a value that nobody knows before it is there.
    **{
        f"builtins.{name}": "runs text as code"
        for name in ("eval", "exec", "compile", "__import__")
    },
    **dict.fromkeys(("joblib.load", "joblib.dump", "joblib.Memory", "torch.load"), RUNS_CODE),
    **dict.fromkeys(("*.read_pickle", "*.to_pickle", "*.read_hdf", "*.to_hdf"), RUNS_CODE),
    **dict.fromkeys(("*.HDFStore", "*.saved_model.load", "*.cloudpickle"), RUNS_CODE),
    "*.enable_unsafe_deserialization": RUNS_CODE,
    **dict.fromkeys(("importlib.util.spec_from_file_location", "runpy"), "runs a file as code"),
    **dict.fromkeys(("pandas.eval", "?.eval"), "runs text as code"),
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput"), A_SHELL),
    **dict.fromkeys(("subprocess.getstatusoutput", "pty.spawn"), A_SHELL),
    **dict.fromkeys(("asyncio.create_subprocess_shell", "*.subprocess_shell"), A_SHELL),
    **dict.fromkeys(("?.extractall", "shutil.unpack_archive", "tarfile"), "may write anywhere"),
    "tempfile.mktemp": "another program can take the name first",
    **dict.fromkeys(("?.to_html", "?.HTML", "?.Markdown", "?.Latex", "?.Javascript"), UNESCAPED),
    **dict.fromkeys(("?.style", "?.__html__", "markupsafe.Markup"), UNESCAPED),
    **dict.fromkeys(("hashlib.md5", "hashlib.sha1", "hashlib.new"), WEAK),
    **dict.fromkeys(("ssl._create_unverified_context", "ssl.CERT_NONE"), "believes everybody"),
    **dict.fromkeys(("uuid.uuid1", "uuid.uuid4"), UNSEEDED),
}
ONE_STATE = "one state for everybody; use numpy.random.default_rng(seed)"
SEEDED = {"default_rng", "RandomState", "Generator", "SeedSequence", "BitGenerator", "PCG64"}
OF_TESTS = {"assert", "random.SystemRandom"}  # the latter for a seed that the test tells
BUILT_IN = frozenset(dir(builtins)) | {"__builtins__"}
ORDERED = {"list", "tuple", "enumerate", "iter", "next", "dict", "zip"}
UNORDERED = {"set", "frozenset", "sorted", "any", "all", "sum", "len", "min", "max", "Counter"}
REQUESTS = {"get", "post", "put", "head", "patch", "delete", "options", "request"}
EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104  (what is looked for)


@dataclass(frozen=True)
class Finding:
    """Something that is banned: where it stands, what it is called, and why it is banned."""

    file: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.why}"


_OWN_ZIP = "a zip that the test has just had made"
_OWN_MODULE = "modules of the library and of the tests, by their names"
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("analysis_lib/__init__.py", "importlib.import_module"): "a room, from a table in the file",
    ("analysis_lib/studies/__init__.py", "importlib.import_module"): "a study that info() knows",
    ("analysis_lib/datasets/checking.py", "hashlib.sha1"): "by which Git names a file; no other "
    "checksum of it is published",
    (
        "analysis_lib/figures/embed.py",
        "IPython.display",
    ): "where outputs are made, of escaped text alone",
    ("analysis_lib/runs/plain.py", "style"): "how a text is quoted in YAML; no table has it",
    ("benchmarks/first_figure.py", "to_html"): "Plotly's own renderer is the peer; no site has it",
    ("tests/faults/test_guards.py", "importlib.import_module"): _OWN_MODULE,
    (
        "tests/faults/test_parameter_faults.py",
        "builtins.exec",
    ): "a cell of parameters, as in a kernel",
    ("tests/faults/test_trust_faults.py", "numpy.load"): "shows that the canary sings",
    ("tests/faults/test_trust_faults.py", "extractall"): _OWN_ZIP,
    ("tests/fuzz/__main__.py", "importlib.import_module"): _OWN_MODULE,
    ("tests/test_bundle.py", "extractall"): _OWN_ZIP,
    ("tests/test_catalogue.py", "importlib.import_module"): _OWN_MODULE,
    ("tests/test_download.py", "hashlib.sha1"): "by which Git names a file",
    ("tests/test_notebooks.py", "builtins.exec"): "the first cell of our own notebooks",
    ("tests/test_reference.py", "importlib.import_module"): _OWN_MODULE,
}
"""Who may do what after all, and why. One that nobody needs any longer is an error."""


class Names:
    """What the names of a module stand for; whatever a name was ever given, in any function."""

    def __init__(self, nodes: list[ast.AST]) -> None:
        self.known: dict[str, set[str]] = {}
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.split(".")[0]
                    self._add(alias.asname or whole, whole)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._add(alias.asname or alias.name, f"{node.module or ''}.{alias.name}")
        given = list(_given(nodes))
        for _ in range(3):  # a name may be given to a name that is given to a name
            for target, value in given:
                for full in self.of(value):
                    self._add(target, full)

    def of(self, node: ast.AST) -> set[str]:  # noqa: PLR0911  (a kind of expression each)
        """Return what an expression may stand for; "?" in place of what is not known."""
        match node:
            case ast.Name(id=name):
                built_in = {f"builtins.{name}"} if name in BUILT_IN else {"?"}
                return self.known.get(name, built_in)
            case ast.Attribute(value=value, attr=name):
                return {f"{full}.{name}" for full in self.of(value)}
            case ast.Call():
                return self._called(node)
            case ast.Subscript():
                return self._taken(node)
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.of(value)
            case ast.IfExp(body=one, orelse=other):
                return self.of(one) | self.of(other)
        return {"?"}

    def _called(self, node: ast.Call) -> set[str]:
        found = set()
        for function in self.of(node.func):
            text = [a.value for a in node.args if isinstance(a, ast.Constant)]
            names = [value for value in text if isinstance(value, str)]
            if function == "builtins.getattr" and len(node.args) > 1 and names:
                found |= {f"{full}.{names[0]}" for full in self.of(node.args[0])}
            elif function == "builtins.vars" and node.args:
                found |= {f"{full}.__dict__" for full in self.of(node.args[0])}
            elif function in ("importlib.import_module", "builtins.__import__") and names:
                found.add(names[0])
            else:
                found.add("?" if function == "?" else f"{function}()")
        return found

    def _taken(self, node: ast.Subscript) -> set[str]:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(key, str):
            return {"?"}
        found = set()
        for base in self.of(node.value):
            if base == "sys.modules":
                found.add(key)
            elif base.endswith(".__dict__"):
                found.add(f"{base.removesuffix('.__dict__')}.{key}")
            elif base in ("builtins.globals()", "builtins.locals()", "builtins.__builtins__", "?"):
                found.add(f"builtins.{key}" if key in BUILT_IN and base != "?" else "?")
            else:
                found.add("?")
        return found

    def _add(self, name: str, full: str) -> None:
        if full != "?" and full.count(".") < 8:
            self.known.setdefault(name, set()).add(full)


def _given(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((t.id, node.value) for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            if isinstance(node.target, ast.Name):
                yield node.target.id, node.value
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            yield node.optional_vars.id, node.context_expr


def findings(file: str, source: str) -> list[Finding]:
    """Return everything banned in a source, in the order of its lines."""
    nodes = list(ast.walk(ast.parse(source)))
    names = Names(nodes)
    found: dict[tuple[int, str], Finding] = {}
    for node in nodes:
        for what, why in _of_node(node, names):
            line = getattr(node, "lineno", 0)
            found.setdefault((line, what), Finding(file, line, what, why))
    return sorted(found.values(), key=lambda each: (each.line, each.what))


def _of_node(node: ast.AST, names: Names) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        start = "" if isinstance(node, ast.Import) else f"{node.module or ''}."
        yield from _banned({f"{start}{alias.name}" for alias in node.names})
    elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield from _banned(names.of(node))
    elif isinstance(node, ast.Call):
        yield from _banned(names.of(node))
        for function in sorted(names.of(node.func)):
            for check in CHECKS:
                yield from check(node, function)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            yield from _order(node.args[:1])
    elif isinstance(node, ast.Assert):
        yield "assert", "is left out by python -O"
    elif isinstance(node, ast.For):
        yield from _order([node.iter])
    elif isinstance(node, ast.ListComp | ast.DictComp):
        yield from _order([part.iter for part in node.generators])


def _banned(full_names: set[str]) -> Iterator[tuple[str, str]]:
    for full in sorted(full_names - {"?"}):
        yield from _bans_of(full)


@cache
def _bans_of(full: str) -> tuple[tuple[str, str], ...]:
    found = [
        (pattern.removeprefix("?."), why) for pattern, why in BANNED.items() if _is(full, pattern)
    ]
    head, _, last = full.removesuffix("()").rpartition(".")
    if (head == "numpy.random" and last not in SEEDED) or (head == "random" != last != "Random"):
        found.append((full.removesuffix("()") if last == "SystemRandom" else head, ONE_STATE))
    return tuple(found)


def _is(full: str, pattern: str) -> bool:
    if pattern.startswith("?."):  # a method of whatever
        ours = full.startswith(("analysis_lib.", "tests.", "builtins.")) and "()" not in full
        return _last(full) == pattern[2:] and not ours
    if "*" in pattern:
        return fnmatchcase(full, pattern)
    return full == pattern or full.startswith((f"{pattern}.", f"{pattern}()"))


def _last(full: str) -> str:
    return full.rpartition(".")[2]


def _keyword(call: ast.Call, name: str) -> object:
    """Return a keyword's value; None when it is not given, `...` when it is no constant."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
    return None


def _arrays(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if full == "numpy.load" and _keyword(call, "allow_pickle") is not False:
        yield "numpy.load", "unpickles, unless it is told allow_pickle=False"
    if full != "numpy.load" and _keyword(call, "allow_pickle") not in (None, False):
        yield "allow_pickle", RUNS_CODE


def _networks(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if _last(full) == "load_model" and _keyword(call, "safe_mode") is not True:
        yield "load_model", "runs what is in the file, unless it is told safe_mode=True"
    if _last(full) != "load_model" and _keyword(call, "safe_mode") not in (None, True):
        yield "safe_mode", RUNS_CODE


def _shells(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if full.startswith(("subprocess.", "?", "functools.partial")) and _keyword(
        call, "shell"
    ) not in (None, False):
        yield "shell=True", A_SHELL


def _yaml(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    safe = (_keyword(call, "typ"), _keyword(call, "pure")) == ("safe", True)
    if full.startswith("ruamel.") and _last(full) == "YAML" and not safe:
        yield "YAML", 'makes objects of any class, unless it is told typ="safe", pure=True'
    if full in ("ruamel.yaml.load", "ruamel.yaml.load_all", "ruamel.yaml.round_trip_load"):
        yield "YAML", "makes objects of any class"


def _requests(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if _keyword(call, "verify") is False:
        yield "verify=False", "believes everybody"
    of_requests = full.startswith("requests.") and _last(full) in REQUESTS
    others = ("urllib.request.urlopen", "http.client.HTTPConnection", "http.client.HTTPSConnection")
    if (of_requests or full in others) and _keyword(call, "timeout") is None:
        yield "no timeout", "waits for ever"


def _seeds(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    drawn = {f"numpy.random.{name}" for name in ("default_rng", "RandomState", "SeedSequence")}
    drawn |= {"random.Random"}
    first = call.args[0] if call.args else None
    none = first is None or (isinstance(first, ast.Constant) and first.value is None)
    if full in drawn and none and not call.keywords:
        yield "no seed", UNSEEDED


def _servers(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    listens = _last(full) in ("bind", "create_server") or full.endswith("Server")
    first = call.args[0] if call.args else None
    host = first.elts[0] if isinstance(first, ast.Tuple) and first.elts else None
    if listens and isinstance(host, ast.Constant) and host.value in EVERYWHERE:
        yield "bind", "open to every machine of the network"


def _imports(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if full != "importlib.import_module" or not call.args:
        return
    if not isinstance(call.args[0], ast.Constant):
        yield "importlib.import_module", "imports what a text says"


def _expressions(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    written = call.args and isinstance(call.args[0], ast.Constant)
    if _last(full) == "query" and "." in full and not written:
        yield "query", "runs text as code"


def _orders(call: ast.Call, full: str) -> Iterator[tuple[str, str]]:
    if full.removeprefix("builtins.") in ORDERED and full.startswith("builtins."):
        yield from _order(call.args)
    if full.removeprefix("builtins.") not in UNORDERED:
        for argument in call.args:
            if isinstance(argument, ast.GeneratorExp):
                yield from _order([part.iter for part in argument.generators])


def _order(nodes: list[ast.expr]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if isinstance(node, ast.Set | ast.SetComp) or (
            made and node.func.id in ("set", "frozenset")
        ):
            yield "order of a set", "another order every time: sorted(…)"


CHECKS: tuple[Callable[[ast.Call, str], Iterator[tuple[str, str]]], ...] = (
    _arrays,
    _networks,
    _shells,
    _yaml,
    _requests,
    _seeds,
    _servers,
    _imports,
    _expressions,
    _orders,
)


def sources() -> Iterator[tuple[str, str]]:
    """Yield name and code of every source of the project; of notebooks all their cells of code."""
    folders = ("analysis_lib", "benchmarks", "tests", "book", ".ci", ".github")
    for path in sorted(p for folder in folders for p in (PROJECT / folder).rglob("*.py")):
        name = path.relative_to(PROJECT).as_posix()
        if not name.startswith("book/_build/"):
            yield name, path.read_text(encoding="utf-8")
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        yield path.relative_to(PROJECT).as_posix(), "\n".join(code)


def faults(
    texts: Iterator[tuple[str, str]], exceptions: Mapping[tuple[str, str], str] = EXCEPTIONS
) -> list[str]:
    """Return what is banned in sources and not excepted, and exceptions that nobody needs."""
    found = [finding for name, text in texts for finding in findings(name, text)]
    found = [f for f in found if f.what not in OF_TESTS or not f.file.startswith("tests/")]
    used = {(f.file, f.what) for f in found}
    unneeded = (
        f"{file}: {what}: may be done and is not"
        for file, what in exceptions
        if (file, what) not in used
    )
    return [*(str(f) for f in found if (f.file, f.what) not in exceptions), *unneeded]


def main() -> None:
    """Print the faults of all sources; exit status 1 when there are any."""
    told = faults(sources())
    print("\n".join(told), file=sys.stderr)
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
