"""Locales that are really there: made from Debian's sources, into a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GERMAN, TURKISH = "de_DE.UTF-8", "tr_TR.UTF-8"
WITHOUT_ALL_LETTERS = "tr_TR.ISO-8859-9"  # has no “, no … and no µ
ASKED = (GERMAN, TURKISH, WITHOUT_ALL_LETTERS)

_IN_FORCE = """
import locale
name = locale.setlocale(locale.LC_ALL, "")
print(ascii([name, locale.localeconv()["decimal_point"], locale.nl_langinfo(locale.MON_5)]))
"""


def made(folder: Path) -> Path:
    """Make the locales in a folder, to be named in LOCPATH; a test without them is skipped.

    Under CI=true they must be there: the package `locales` has their sources.
    """
    maker = shutil.which("localedef")
    for name in ASKED:
        language, _, letters = name.partition(".")
        command = [maker or "localedef", "-i", language, "-f", letters, str(folder / name)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = f"no locale {name}: {error} {getattr(error, 'stderr', '')}"
            if os.environ.get("CI") == "true":
                pytest.fail(f"{why}\nDebian's package `locales` has the sources.")
            pytest.skip(why)
    for name, month in ((GERMAN, "Mai"), (TURKISH, "May\\u0131s")):
        assert in_force(name, folder) == f"['{name}', ',', '{month}']"
    return folder


def in_force(name: str, folder: Path) -> str:
    """Return what a process finds that is asked for a locale: its name, comma and month of May."""
    found = subprocess.run(
        [sys.executable, "-c", _IN_FORCE],
        env={"LOCPATH": str(folder), "LC_ALL": name},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()
