"""What the lint catches and lets pass; the project is held to it by faults/test_trust_faults.py."""

from __future__ import annotations

import io
import re
import tokenize

import pytest

from analysis_lib.files import PROJECT
from tests import lint

CAUGHT = {
    "pickle": [
        "import pickle",
        "from pickle import loads as x",
        "import pickle as p\nf = p.loads",
        "import sys\nsys.modules['pickle'].loads(b'')",
        "import importlib\nimportlib.import_module('pickle').loads(b'')",
        "from importlib import import_module as i\nx = i('pickle')\nx.loads(b'')",
        "__import__('pickle').loads(b'')",
    ],
    "shelve": ["import shelve"],
    "marshal": ["from marshal import loads"],
    "dill": ["import dill as json"],
    "cloudpickle": ["import cloudpickle"],
    "*.cloudpickle": ["from joblib.externals import cloudpickle"],
    "joblib.load": [
        "import joblib\njoblib.load(p)",
        "from joblib import load as read\nread(p)",
        "import joblib\nread = joblib.load\nread(p)",
        "import joblib\ngetattr(joblib, 'load')(p)",
        "import joblib\nj = joblib\nk = j\nk.load(p)",
        "import joblib\nvars(joblib)['load'](p)",
        "import joblib\njoblib.__dict__['load'](p)",
    ],
    "joblib.Memory": ["from joblib import Memory\nMemory('x')"],
    "numpy.load": [
        "import numpy as n\nn.load(p)",
        "import numpy\nnumpy.load(p, allow_pickle=True)",
        "from numpy import load\nload(p, allow_pickle=yes)",
        "import numpy as np\nread = np.load\nread(p)",
        "import numpy as np\nnp.load(p, **how)",
    ],
    "*.read_pickle": ["import pandas as pd\npd.read_pickle(p)", "frame.read_pickle"],
    "*.to_pickle": ["frame.to_pickle(p)", "getattr(frame, 'to_pickle')(p)"],
    "torch.load": ["import torch\ntorch.load(p)"],
    "load_model": [
        "from tensorflow import keras\nkeras.models.load_model(p)",
        "import keras\nkeras.models.load_model(p, safe_mode=False)",
        "from keras.models import load_model as l\nl(p, safe_mode=how)",
    ],
    "*.enable_unsafe_deserialization": ["keras.config.enable_unsafe_deserialization()"],
    "builtins.eval": [
        "eval(text)",
        "run = eval\nrun(text)",
        "import builtins\nbuiltins.eval(text)",
        "from builtins import eval as e\ne(text)",
        "__builtins__['eval'](text)",
        "globals()['eval'](text)",
        "list(map(eval, texts))",
    ],
    "builtins.exec": ["exec(text)", "import builtins as b\ngetattr(b, 'exec')(text)"],
    "builtins.compile": ["compile(text, '', 'exec')"],
    "builtins.__import__": ["__import__(name)"],
    "importlib.import_module": ["import importlib\nimportlib.import_module(name)"],
    "eval": ["frame.eval(text)"],
    "query": ["frame.query(text)", "frame.query(f'a == {x}')"],
    "os.system": ["import os\nos.system(x)", "from os import system as s\ns(x)"],
    "os.popen": ["import os as o\no.popen(x)"],
    "subprocess.getoutput": ["from subprocess import getoutput"],
    "shell=True": [
        "import subprocess\nsubprocess.run(x, shell=True)",
        "from subprocess import Popen as P\nP(x, shell=1)",
        "from subprocess import run\nrun(x, shell=how)",
    ],
    "to_html": ["frame.to_html(escape=False)", "frame.head().to_html()"],
    "style": ["frame.style.format()", "import pandas as pd\npd.read_csv(p).style"],
    "IPython.display": [
        "from IPython.display import HTML\nHTML(f'<b>{gene}</b>')",
        "from IPython.display import Markdown as M",
        "import IPython.display as d\nd.Latex(x)",
        "from IPython import display\ndisplay.HTML(x)",
        "import IPython\nIPython.display.display(x, raw=True)",
    ],
    "IPython.core.display": ["from IPython.core.display import HTML"],
    "YAML": [
        "from ruamel.yaml import YAML\nYAML().load(x)",
        "from ruamel.yaml import YAML\nYAML(typ='unsafe', pure=True)",
        "from ruamel.yaml import YAML as Y\nY(typ='safe')",
        "import ruamel.yaml\nruamel.yaml.load(x)",
    ],
    "yaml": ["import yaml", "from yaml import safe_load"],
    "extractall": ["archive.extractall(p)", "import zipfile\nzipfile.ZipFile(p).extractall()"],
    "shutil.unpack_archive": ["import shutil as s\ns.unpack_archive(p)"],
    "tarfile": ["import tarfile"],
    "tempfile.mktemp": ["from tempfile import mktemp"],
    "assert": ["assert x"],
    "no timeout": [
        "import requests\nrequests.get(u)",
        "import requests as r\ns = r.Session()\ns.get(u)",
        "from requests import Session\nwith Session() as s:\n    s.post(u)",
        "from urllib.request import urlopen as o\no(u)",
    ],
    "verify=False": ["import requests\nrequests.get(u, timeout=1, verify=False)"],
    "hashlib.md5": ["import hashlib\nhashlib.md5(x)"],
    "hashlib.sha1": ["from hashlib import sha1 as s\ns(x)"],
    "hashlib.new": ["import hashlib\nhashlib.new('md5')"],
    "bind": [
        "from http.server import HTTPServer\nHTTPServer(('', 80), H)",
        "from http import server as s\ns.ThreadingHTTPServer(('0.0.0.0', 80), H)",
        "sock.bind(('', 80))",
        "import socket\nsocket.create_server(('::', 80))",
    ],
    "numpy.random": [
        "import numpy as np\nnp.random.seed(1)",
        "import numpy as np\nnp.random.normal()",
        "from numpy.random import shuffle as s\ns(x)",
        "from numpy import random\nrandom.rand()",
    ],
    "random": ["import random\nrandom.shuffle(x)", "from random import choice as c\nc(x)"],
    "no seed": [
        "import numpy as np\nnp.random.default_rng()",
        "from numpy.random import default_rng as d\nd(None)",
        "import random\nrandom.Random()",
    ],
    "order of a set": [
        "for x in {1, 2}: f(x)",
        "for x in set(xs): f(x)",
        "[f(x) for x in set(xs)]",
        "list({f(x) for x in xs})",
        "', '.join(set(xs))",
        "', '.join(str(x) for x in frozenset(xs))",
        "tuple(frozenset(xs))",
    ],
}
PASSED = [
    "import numpy as np\nnp.load(p, allow_pickle=False)",
    "import numpy as np\nnp.random.default_rng(seed).normal()",
    "import numpy as np\nnp.random.RandomState(7).normal()",
    "import numpy as np\nrandom = np.random.default_rng(1)\nrandom.shuffle(x)",
    "import numpy as np\nnp.random.default_rng(np.random.SeedSequence(seed))",
    "import random\nrandom.Random(1).shuffle(x)",
    "import json\njson.loads(x)",
    "import re\nre.compile(x)",
    "import joblib\njoblib.Parallel(2)",
    "from analysis_lib.datasets import golub\ngolub.load(p)",
    "from analysis_lib.figures import theme\ntheme.style(figure)",
    "from ruamel.yaml import YAML\nYAML(typ='safe', pure=True).load(x)",
    "from tensorflow import keras\nkeras.models.load_model(p, compile=False, safe_mode=True)",
    "import subprocess\nsubprocess.run(['x'], shell=False)",
    "import subprocess\nsubprocess.run(['x'])",
    "import requests\nrequests.get(u, timeout=5)",
    "import hashlib\nhashlib.sha256(x)",
    "from http.server import HTTPServer\nHTTPServer(('127.0.0.1', 0), H)",
    "sock.bind((host, 0))",
    "sorted(set(xs))",
    "{x for x in set(xs)}",
    "sum(len(x) for x in set(xs))",
    "any(x for x in {1, 2})",
    "', '.join(sorted(set(xs)))",
    "frame.query('p < 0.05')",
    "model.evaluate(x)",
    "pattern = evaluation\npattern()",
    "text = 'eval(x); import pickle'",
    "# eval(x)",
    "def load(p): ...\nload(p)",
    "getattr(params, name)",
    "from html import escape\nescape(x)",
    "import importlib\nimportlib.import_module('json')",
]


@pytest.mark.parametrize(
    ("what", "source"), [(w, s) for w, several in CAUGHT.items() for s in several], ids=repr
)
def test_what_is_banned_is_caught_whatever_it_is_called(what, source):
    assert what in {finding.what for finding in lint.findings("x.py", source)}


@pytest.mark.parametrize("source", PASSED, ids=repr)
def test_what_is_not_banned_passes(source):
    assert lint.findings("x.py", source) == []


def test_every_ban_is_tried():
    """A pattern with a slip in it bans nothing."""
    never = {
        pattern.removeprefix("?.")
        for pattern, why in lint.BANNED.items()
        if not any(
            lint._is(full, pattern)
            for full in (pattern, pattern.replace("?", "x"), pattern.replace("*", "x.y"))
        )
    }
    assert never == set()
    said = {what for what in CAUGHT if what not in {p.removeprefix("?.") for p in lint.BANNED}}
    assert len(said) >= len(lint.CHECKS)


def test_cells_of_notebooks_are_read():
    names = [name for name, _ in lint.sources()]
    assert {"notebooks/dge.ipynb", "analysis_lib/files.py", "tests/lint.py"} <= set(names)
    assert any(name.startswith("benchmarks/") for name in names)


def test_an_exception_holds_for_one_thing_in_one_file():
    source = "import joblib\njoblib.load(p)\neval(x)"
    excepted = {("a.py", "joblib.load"): "because"}
    told = lint.faults(iter([("a.py", source), ("b.py", source)]), excepted)
    assert [line.split(": ")[:2] for line in told] == [
        ["a.py:3", "builtins.eval"],
        ["b.py:2", "joblib.load"],
        ["b.py:3", "builtins.eval"],
    ]


def test_an_exception_that_nobody_needs_is_a_fault():
    told = lint.faults(iter([("a.py", "x = 1")]), {("a.py", "pickle"): "once it was needed"})
    assert told == ["a.py: pickle: may be done and is not"]


def test_asserts_are_for_tests():
    sources = iter([("tests/a.py", "assert x"), ("analysis_lib/a.py", "assert x")])
    assert [line.split(":")[0] for line in lint.faults(sources, {})] == ["analysis_lib/a.py"]


def noqas():
    """Every comment that switches one of ruff's security rules off."""
    for path in sorted(PROJECT.glob("*/**/*.py")):
        if path.parts[len(PROJECT.parts)] in ("analysis_lib", "tests", "benchmarks"):
            for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
                if token.type == tokenize.COMMENT and "noqa" in token.string:
                    yield f"{path.relative_to(PROJECT)}:{token.start[0]}", token.string


def test_a_security_rule_is_switched_off_with_a_reason():
    """A bare `noqa` hides the next fault in the same line as well."""
    for where, comment in noqas():
        if re.fullmatch(r"#\s*noqa", comment.strip()):
            pytest.fail(f"{where}: {comment}")
        if re.search(r"noqa:.*\bS\d", comment):
            assert re.search(r"S\d{3}\s+(\(.+\)|- .+)", comment), where
