"""What the packages we build on are known for: weak spots and licences, `python -m tests.audit`.

Weak spots are asked of the OSV database, or else of PyPI, by pip-audit and for the lock file as it
stands: nothing is resolved or installed. Exit status 0 says that every package was looked up and
none is known to be weak, 1 that one is, 3 that the question could not be put for all of them:
silence is no answer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pandas as pd
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from analysis_lib import files
from analysis_lib.errors import visible
from analysis_lib.tables import write_table

LOCK = files.PROJECT / "requirements.lock"
TARGET = files.PROJECT / "build" / "audit"
OSV = "https://api.osv.dev/v1/query"
WEAK, UNANSWERED = 1, 3
PATIENCE = 900  # seconds for all packages
KINDS = {
    "copyleft": r"\bA?GPL\b|\b[AL]?GPL-|GNU (Affero )?General Public",
    "weak copyleft": r"\bLGPL|Lesser General|\bMPL\b|Mozilla Public|\bEPL\b|Eclipse|\bCDDL\b",
    "permissive": r"\bMIT\b|BSD|Apache|\bISC\b|\bPSF\b|Python Software|Public Domain|Unlicense"
    r"|\bZlib\b|\bHPND\b|\bCC0\b|CMU",
}
UNKNOWN = "unknown"


# Weak spots


@dataclass(frozen=True)
class Answer:
    """What a database says of packages: how many it looked up, which not, and which are weak."""

    looked_up: int
    skipped: tuple[str, ...]
    weak: tuple[str, ...]
    silent: str = ""

    @property
    def status(self) -> int:
        """The exit status that says so."""
        if self.weak:
            return WEAK
        return UNANSWERED if self.silent or self.skipped or not self.looked_up else 0


def ask(lock: Path, *service: str) -> Answer:
    """Ask a service about every package of a lock file."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
        command += ["-r", str(lock), "-f", "json", "-o", str(told), "--progress-spinner", "off"]
        command += ["--cache-dir", folder, "--timeout", "15", "--desc", "off", *service]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            document = json.loads(told.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired:
            return Answer(0, (), (), f"no answer within {PATIENCE} s")
        except (OSError, ValueError):  # it ended without an answer, and its status is that of weak
            return Answer(0, (), (), _last_words(done.stderr))
    return answered(document)


def answered(document: dict[str, Any]) -> Answer:
    """Return what the JSON of pip-audit says; a package that was skipped was not looked up."""
    packages = document["dependencies"]
    skipped = tuple(sorted(p["name"] for p in packages if "skip_reason" in p))
    weak = (weakness for p in packages for weakness in _weaknesses(p))
    return Answer(len(packages) - len(skipped), skipped, tuple(weak))


def _weaknesses(package: dict[str, Any]) -> Iterator[str]:
    for each in package.get("vulns", ()):
        known = ", ".join([each["id"], *each.get("aliases", ())])
        mended = ", ".join(each["fix_versions"]) or "no version yet"
        yield f"{package['name']} {package['version']}: {known}; mended in {mended}"


def weak_spots(lock: Path, address: str) -> Answer:
    """Ask the database of this address, and PyPI where it is silent."""
    answer = ask(lock, "-s", "osv", "--osv-url", address)
    if not answer.silent or address != OSV:
        return answer
    other = ask(lock, "-s", "pypi")
    return other if other.looked_up else answer


def _told(answer: Answer) -> Iterator[str]:
    if answer.silent or not answer.looked_up:
        yield "Known vulnerabilities: could not be asked."
        yield f"  {visible(answer.silent or 'the service knows none of the packages')}"
        return
    yield f"Known vulnerabilities: {len(answer.weak)} in {answer.looked_up} packages."
    yield from (f"  {visible(weak)}" for weak in answer.weak)
    if answer.skipped:
        yield f"  not looked up: {visible(', '.join(answer.skipped))}"


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "pip-audit said nothing"


# Licences


def licences(lock: Path) -> pd.DataFrame:
    """Return a row per package of a lock file that is installed here: its licence, by its own word.

    `for` is "the report" for what a reader's installation needs, "development" for the rest;
    `kind` is what the licence asks of who passes the package on.
    """
    needed = {canonicalize_name(name) for name in _needed("analysis-lib")}
    rows = []
    for name in locked(lock):
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of another system
            continue
        licence, source = licence_of(found)
        use = "the report" if canonicalize_name(name) in needed else "development"
        rows.append((name, found.version, licence, source, kind(licence), use))
    columns = ["package", "version", "licence", "said by", "kind", "for"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def locked(lock: Path) -> list[str]:
    """Return the names of the packages of a lock file."""
    text = lock.read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE)


def licence_of(found: Distribution) -> tuple[str, str]:
    """Return a package's licence and where its metadata say so: the most exact place there is."""
    about: Any = found.metadata
    if expression := about.get("License-Expression"):
        return str(expression), "expression"
    named = [c.split(" :: ")[-1] for c in about.get_all("Classifier", []) if "License ::" in c]
    if named := [name for name in named if name != "OSI Approved"]:
        return "; ".join(sorted(set(named))), "classifier"
    lines = [line.strip() for line in (about.get("License") or "").splitlines() if line.strip()]
    if lines and lines[0].upper() != "UNKNOWN":
        return lines[0][:80], "field"
    return UNKNOWN, "nobody"


def kind(licence: str) -> str:
    """Return what a licence asks; of several to choose from the mildest, of all of them the most.

    Examples
    --------
    >>> [kind(each) for each in ("MIT OR GPL-3.0-only", "MIT AND MPL-2.0", "LGPL-2.1", "ask me")]
    ['permissive', 'weak copyleft', 'weak copyleft', 'unknown']
    """
    order = ["permissive", "weak copyleft", "copyleft", UNKNOWN]
    if " OR " in licence:
        return min((kind(part) for part in licence.split(" OR ")), key=order.index)
    parts = re.split(r" AND |; ", licence)
    if len(parts) > 1:
        return max((kind(part) for part in parts), key=order.index)
    if re.search(KINDS["weak copyleft"], licence):
        return "weak copyleft"
    return next((k for k, words in KINDS.items() if re.search(words, licence)), UNKNOWN)


def _needed(name: str, seen: set[str] | None = None) -> set[str]:
    """Return the names of everything that a package needs to be used here, and its own."""
    seen = {canonicalize_name(name)} if seen is None else seen
    try:
        wanted = distribution(name).requires or []
    except PackageNotFoundError:
        return seen
    for requirement in map(Requirement, wanted):
        own = canonicalize_name(requirement.name)
        here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if here and own not in seen:
            seen.add(own)
            _needed(own, seen)
    return seen


def as_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown in which nothing acts."""

    def line(cells: Iterable[object]) -> str:
        plain = (re.sub(r"([\\`*_\[\]<>|&$~])", r"\\\1", visible(cell)) for cell in cells)
        return f"| {' | '.join(plain)} |\n"

    body = "".join(line(row) for row in table.itertuples(index=False))
    return f"# Licences\n\n{line(table)}{line(['---'] * table.shape[1])}{body}"


def _summary(table: pd.DataFrame) -> Iterator[str]:
    counts = ", ".join(f"{n} {kind}" for kind, n in table["kind"].value_counts().items())
    yield f"Licences of {len(table)} packages: {counts}."
    for row in table[table["kind"] != "permissive"].to_dict("records"):
        yield f"  {row['kind']}, for {row['for']}: {row['package']} ({visible(row['licence'])})"


def main(words: Sequence[str] | None = None) -> int:
    """Write the licences, print them and what is known of weak spots; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit")
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--service", default=OSV, help="the address of a database like OSV's")
    given = parser.parse_args(words)
    table = licences(given.lock)
    given.target.mkdir(parents=True, exist_ok=True)
    write_table(table, given.target / "licences.csv", for_people=True)
    files.write_text(given.target / "licences.md", as_markdown(table))
    print(table.to_string(index=False, max_colwidth=40), end="\n\n")
    print("\n".join(_summary(table)), end="\n\n", flush=True)
    answer = weak_spots(given.lock, given.service)
    print("\n".join(_told(answer)))
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
