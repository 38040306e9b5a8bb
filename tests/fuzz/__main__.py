"""`python -m tests.fuzz`: every target in a process of its own, for so many seconds in all."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from analysis_lib.files import PROJECT

TARGETS = ("tables", "parameters")
FOLDER = PROJECT / "build" / "fuzz"
_MEGABYTES, _LONGEST_BYTES, _LONGEST_SECONDS = 2_000, 4_096, 60
_DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)")
_PROGRESS = re.compile(r"#\d+\s+[a-zA-Z]+\s+cov: ")
_RUN = re.compile(r"stat::number_of_executed_units: (\d+)")


def main() -> int:
    """Run the targets, or one input again; 1 when one of them finds something."""
    given = _arguments()
    if given.replay:
        return replay(given.replay)
    if given.child:
        return run_child(given.child, given)
    chosen = [given.target] if given.target else list(TARGETS)
    if not has_atheris():
        print("atheris is not installed: hypothesis makes the inputs, blind to what they reach.")
    failures = [target for target in chosen if not _run(target, given.seconds / len(chosen), given)]
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="in all (300)")
    parser.add_argument("--runs", type=int, default=-1, help="at most so many of each target")
    parser.add_argument("--target", choices=TARGETS, help="this one alone")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (0: another each time)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where corpora are kept")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one kept input again")
    parser.add_argument("--child", choices=TARGETS, help=argparse.SUPPRESS)
    return parser.parse_args()


def has_atheris() -> bool:
    """Tell whether inputs can be guided by what they reach."""
    return importlib.util.find_spec("atheris") is not None


def target_of(name: str) -> Callable[[bytes], int]:
    """Return the function that checks an input."""
    return importlib.import_module(f"tests.fuzz.{name}").check


def replay(file: Path) -> int:
    """Run one input again and say what comes of it; its name begins with its target's."""
    name = file.name.partition("-")[0]
    if name not in TARGETS:
        print(f"{file.name}: the name begins with {' or '.join(TARGETS)}, as a kept input's does.")
        return 2
    try:
        rows = target_of(name)(file.read_bytes())
    except Exception:  # whatever a target raises is what was looked for
        traceback.print_exc()
        return 1
    print(f"{file}: as it should be ({rows} rows or values, 0 when it is refused).")
    return 0


def _run(target: str, seconds: float, given: argparse.Namespace) -> bool:
    """Run a target in a process of its own; say how it went."""
    folder = given.folder.resolve() / target
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    (folder / "found").mkdir(exist_ok=True)
    before = set((folder / "found").iterdir())
    print(f"{target}: {seconds:.0f} s …", flush=True)
    command = [sys.executable, "-m", "tests.fuzz", "--child", target]
    command += ["--seconds", str(seconds), "--runs", str(given.runs)]
    command += ["--seed", str(given.seed), "--folder", str(given.folder)]
    begun = time.monotonic()
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            # libFuzzer ends without tidying up; the same seed is to reach the same lines.
            env={**os.environ, "TMPDIR": str(folder), "PYTHONHASHSEED": "0"},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
        log.seek(0)
        said = log.read()
    print(f"{target}: {_summary(said, time.monotonic() - begun)}")
    found = sorted(set((folder / "found").iterdir()) - before)
    if done.returncode:
        told = [line for line in said.splitlines() if not _PROGRESS.match(line)]
        print("\n".join(told[-40:]))
        print(f"{target}: FAILED with status {done.returncode}; all of it in {folder / 'log'}")
    for file in found:
        print(f"{target}: kept {file}\n    again: python -m tests.fuzz --replay '{file}'")
    return done.returncode == 0


def _summary(said: str, seconds: float) -> str:
    runs = _RUN.search(said)
    if runs is None:
        return "no statistics"
    told = f"{int(runs[1]):,} executions, {int(runs[1]) / seconds:,.0f} per second"
    done = _DONE.search(said)
    if done is None:
        return told
    return f"{told}; coverage {done[2]} edges, {done[3]} features, corpus of {done[4]}"


def run_child(name: str, given: argparse.Namespace) -> int:
    """Fuzz one target in this process."""
    folder = given.folder.resolve() / name
    if has_atheris():
        _with_atheris(name, folder, given)  # ends the process
    return _with_hypothesis(name, folder, given)


def _with_atheris(name: str, folder: Path, given: argparse.Namespace) -> None:
    import atheris

    with atheris.instrument_imports(include=["analysis_lib", "ruamel.yaml"]):
        module = importlib.import_module(f"tests.fuzz.{name}")
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in module.WORDS), encoding="ascii")
    for number, seed in enumerate(module.seeds()):
        (folder / "corpus" / f"seed-{number}").write_bytes(seed)
    options = {
        "max_total_time": max(1, round(given.seconds)),
        "runs": given.runs,
        "rss_limit_mb": _MEGABYTES,
        "timeout": _LONGEST_SECONDS,
        "max_len": _LONGEST_BYTES,
        "dict": words,
        "seed": given.seed,
        "print_final_stats": 1,
        "artifact_prefix": f"{folder / 'found'}/{name}-",
    }
    flags = [f"-{option}={value}" for option, value in options.items()]

    def check(data: bytes) -> None:
        module.check(data)

    atheris.Setup([sys.argv[0], *flags, str(folder / "corpus")], check)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _with_hypothesis(name: str, folder: Path, given: argparse.Namespace) -> int:
    """Let hypothesis put the inputs together, driven towards those of which much is taken."""
    from hypothesis import HealthCheck, settings, target
    from hypothesis import given as draws
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    module = importlib.import_module(f"tests.fuzz.{name}")
    pieces = st.lists(st.sampled_from(module.WORDS) | st.binary(max_size=4), max_size=60)
    inputs = st.sampled_from(module.seeds()) | st.builds(
        lambda way, parts: bytes([way]) + b"".join(parts), st.integers(0, 255), pieces
    )
    deadline = time.monotonic() + given.seconds
    runs, seed = 0, given.seed or time.time_ns()
    last = b""

    def goes_on() -> bool:
        return time.monotonic() < deadline and runs != given.runs

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=HealthCheck)
    @draws(inputs)
    def look(data: bytes) -> None:
        nonlocal last, runs
        if goes_on():
            last, runs = data, runs + 1
            target(float(module.check(data)))

    try:
        while goes_on():
            seeded(seed)(look)()
            seed += 1
    except Exception:  # whatever a target raises is what was looked for
        traceback.print_exc()
        (folder / "found" / f"{name}-found-by-seed-{seed}").write_bytes(last)
        return 1
    finally:
        print(f"stat::number_of_executed_units: {runs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
