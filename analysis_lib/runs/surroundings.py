"""What a program that we start inherits of the user's environment: nothing that shows in results.

Libraries read settings from the environment when they are imported; some change digits, some keep a
notebook from running, one replaces the kernel. Whoever sets them means other programs.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from io import TextIOWrapper

from analysis_lib.files import PROJECT

FIXED = {
    # The same bytes twice: one hash order, one date, one language, one clock, one encoding.
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",
    "LC_ALL": "C",
    "TZ": "UTC",
    "PYTHONUTF8": "1",
    "PYTHONPATH": str(PROJECT),  # this library, and nobody else's
    "DOCUTILSCONFIG": "",  # no ~/.docutils, which can rename every place to link to
}
"""What every program finds that we start."""

_SETTINGS = (
    *("PYTHON", "IPYTHON", "JUPYTER_", "PLOTLY_", "MPLBACKEND", "MATPLOTLIBRC", "PANDAS_"),
    *("TF_", "KERAS_", "XLA_", "CUDA_", "NUMBA_", "NUMEXPR_", "NPY_", "SCIPY_", "SKLEARN_"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "ARROW_"),
    *("LC_", "LANG", "COLUMNS", "LINES"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"),  # a hook's repository is not the project's
)
_KEPT = {
    # Where caches lie, and how many cores are used: no result depends on it.
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"),
}
_QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a program that we start finds in its environment.

    Examples
    --------
    >>> found = inherited({"HOME": "/home/ann", "KERAS_BACKEND": "jax", "TZ": "Asia/Tokyo"})
    >>> found["HOME"], found["TZ"], "KERAS_BACKEND" in found
    ('/home/ann', 'UTC', False)
    """
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not name.startswith(_SETTINGS)
    }
    return kept | FIXED


def settle() -> None:
    """Let this process, which a user started, be as little moved by settings as what it starts.

    What its interpreter has read already is undone as far as it would end the program: warnings
    that are errors, and an encoding that lacks a letter of ours.
    """
    if "PYTHONWARNINGS" in os.environ or sys.flags.dev_mode:
        warnings.resetwarnings()
        for category in _QUIET:
            warnings.simplefilter("ignore", category)
    for name in set(os.environ) - set(inherited(os.environ)):
        del os.environ[name]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
