"""Other surroundings for a build: another user's habits, place, language, clock and folders."""

from __future__ import annotations

import os
from pathlib import Path

REVERSED = "SURROUNDINGS_REVERSED"
"""Set where folders are to be listed backwards, as another disk would."""

WITNESSES = "SURROUNDINGS_WITNESSES"
"""The folder in which every Python process notes what it found."""

AT_START = f'''\
"""Read by every Python process of a build: takes the user's locale, as windowing libraries do."""
import json, locale, os, sys, time
locale.setlocale(locale.LC_ALL, "")
with open(os.path.join(os.environ["{WITNESSES}"], f"{{os.getpid()}}.json"), "w") as file:
    found = [sys.orig_argv, locale.localeconv()["decimal_point"], time.tzname[0],
             sys.flags.hash_randomization, sys.flags.optimize]
    json.dump(found, file)
if os.environ.get("{REVERSED}"):
    listdir, scandir = os.listdir, os.scandir
    class Entries:
        def __init__(self, *folder):
            with scandir(*folder) as entries:
                self.entries = iter(sorted(entries, key=lambda e: e.name, reverse=True))
        def __iter__(self):
            return self
        def __next__(self):
            return next(self.entries)
        def __enter__(self):
            return self
        def __exit__(self, *error):
            pass
        def close(self):
            pass
    os.listdir = lambda *folder: sorted(listdir(*folder), reverse=True)
    os.scandir = Entries
'''
"""A `sitecustomize.py`."""

_HOME = {
    ".keras/keras.json": '{"backend": "jax", "floatx": "float16", "epsilon": 0.5}',
    ".config/matplotlib/matplotlibrc": "savefig.dpi: 13\nlines.linewidth: 9\ntext.usetex: True\n",
    ".docutils": "[general]\nlanguage_code: tr\nid_prefix: mine-\n",
    ".ipython/profile_default/startup/00.py": "raise SystemExit(3)",
    ".ipython/profile_default/ipython_kernel_config.py": "c.InteractiveShell.cache_size = 3\n1 / 0",
    ".jupyter/jupyter_config.py": "raise SystemExit(4)",
    "kernels/kernels/python3/kernel.json": '{"argv": ["false"], "language": "python"}',
    "own/umap/__init__.py": "raise SystemExit('another package of this name')",
    "start.py": "import pandas\npandas.options.display.precision = 1\ngreeting = 'hello'\n",
}


def plain(home: Path) -> dict[str, str]:
    """Return the environment of somebody who has set nothing."""
    home.mkdir()
    return {
        **{name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ},
        **{"HOME": str(home), "LOGNAME": "ann", "USER": "ann", "TERM": "dumb"},
        **{"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"},
    }


def hostile(home: Path) -> dict[str, str]:
    """Return settings of a user's that are meant for other programs, and write those of the home.

    All that numpy, pandas, Keras, TensorFlow, numba, scikit-learn, matplotlib, Plotly, IPython,
    Jupyter, Sphinx, git and Python itself take from there.
    """
    for name, text in _HOME.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    return {
        "HOME": str(home),
        **{"LOGNAME": "ışık", "USER": "ışık", "DISPLAY": ":99", "FORCE_COLOR": "1"},
        **{"COLUMNS": "211", "LINES": "3", "TERM": "xterm-256color", "MAKEFLAGS": "-j8 -B"},
        **{"GIT_DIR": str(home / "git"), "LANGUAGE": "tr:de"},
        **{"PYTHONHASHSEED": "4242", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"},
        **{"PYTHONSTARTUP": str(home / "start.py"), "PYTHONPATH": str(home / "own")},
        **{"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        **{"IPYTHONDIR": str(home / ".ipython"), "JUPYTER_CONFIG_DIR": str(home / ".jupyter")},
        **{"JUPYTER_PATH": str(home / "kernels"), "JUPYTER_PREFER_ENV_PATH": "0"},
        **{"MPLBACKEND": "tkagg", "PLOTLY_RENDERER": "nosuch"},
        **{"KERAS_BACKEND": "jax", "KERAS_HOME": str(home / ".keras"), "TF_USE_LEGACY_KERAS": "1"},
        **{"TF_ENABLE_ONEDNN_OPTS": "1", "TF_NUM_INTRAOP_THREADS": "3"},
        **{"TF_XLA_FLAGS": "--tf_xla_auto_jit=2", "CUDA_VISIBLE_DEVICES": "7"},
        **{"NUMBA_DISABLE_JIT": "1", "NUMBA_CPU_NAME": "generic", "NUMBA_NUM_THREADS": "1"},
        **{"SKLEARN_ASSUME_FINITE": "true", "SCIPY_ARRAY_API": "1"},
        **{"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
        **{"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2"},
        "PANDAS_COPY_ON_WRITE": "warn",
    }
