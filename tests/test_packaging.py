"""The lock file, the conda environment and the front documents say the same."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from analysis_lib.files import PROJECT

PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text())
LOCK = (PROJECT / "requirements.lock").read_text()
CONDA_NAMES = {
    "tensorflow-cpu": "tensorflow",
    "xgboost-cpu": "xgboost",
    "ruamel-yaml": "ruamel.yaml",
    "jupyter-client": "jupyter_client",
}
ENVIRONMENTS = [
    {"sys_platform": system, "platform_system": name, "platform_machine": machine, "python": python}
    for system, name, machine in [
        ("linux", "Linux", "x86_64"),
        ("linux", "Linux", "aarch64"),
        ("darwin", "Darwin", "arm64"),
    ]
    for python in ("3.11", "3.12", "3.13")
]


def direct() -> list[Requirement]:
    return [Requirement(text) for text in PROJECT_FILE["project"]["dependencies"]]


def locked() -> list[Requirement]:
    lines = re.findall(r"^([a-z0-9].*?)(?: \\)?$", LOCK, flags=re.MULTILINE)
    return [Requirement(line) for line in lines]


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    facts = {
        **environment,
        "python_version": environment["python"],
        "python_full_version": f"{environment['python']}.5",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
    }
    return requirement.marker is None or requirement.marker.evaluate(facts)


def test_conda_users_get_the_same_direct_dependencies():
    environment = YAML(typ="safe", pure=True).load((PROJECT / "environment.yml").read_text())
    *conda, rest = environment["dependencies"]
    given = [text.partition(";")[0] for text in (*conda, *rest["pip"])]
    dev = [Requirement(t) for t in PROJECT_FILE["dependency-groups"]["dev"]]
    expected = {
        f"{CONDA_NAMES.get(r.name, r.name)}{str(r.specifier).replace(' ', '')}"
        for r in [*direct(), *dev]
    }
    python = PROJECT_FILE["project"]["requires-python"]
    assert len(given) == len(set(given))
    assert set(given) == expected | {f"python{python}", "pip"}


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: "-".join(e.values()))
def test_the_lock_file_covers_every_machine_with_one_version_each(environment):
    pins = [r for r in locked() if applies(r, environment)]
    names = [canonicalize_name(r.name) for r in pins]
    assert len(names) == len(set(names))
    versions = {canonicalize_name(r.name): next(iter(r.specifier)).version for r in pins}
    for requirement in direct():
        if applies(requirement, environment):
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), requirement


def test_every_package_is_pinned_with_hashes_and_without_addresses():
    entries = re.split(r"\n(?=[a-z0-9])", LOCK)
    for entry in (e for e in entries if re.match("[a-z0-9]", e)):
        assert re.match(r"[a-z0-9._\[\]-]+==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert "://" not in LOCK
    assert "--index-url" not in LOCK


def test_no_gpu_libraries_on_linux():
    names = {r.name for r in locked() if applies(r, ENVIRONMENTS[0])}
    assert not {name for name in names if name.startswith("nvidia")}
    assert {"tensorflow-cpu", "xgboost-cpu"} <= names


def test_make_alone_prints_help():
    done = subprocess.run(
        ["make", "-C", str(PROJECT), "--no-print-directory"],
        capture_output=True,
        text=True,
        check=True,
    )
    for verb in ("book", "test", "run", "check", "data", "bench", "clean"):
        assert re.search(rf"^  make {verb} ", done.stdout, flags=re.MULTILINE)


def test_a_python_that_does_not_fit_is_refused_with_what_does():
    done = subprocess.run(
        ["sh", str(PROJECT / ".ci" / "find-python"), "false"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "3.11, 3.12 or 3.13" in done.stderr
    assert "remedy:" in done.stderr
