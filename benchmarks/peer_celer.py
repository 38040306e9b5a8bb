"""celer at work in an environment of its own: see `peers.py`. Nothing of this project is there."""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata

import numpy as np
from celer import LassoCV


def main() -> None:
    """Fit one Lasso per gene whenever a line comes."""
    with np.load(sys.argv[1], allow_pickle=False) as inputs:
        X, Y, tol = inputs["X"], inputs["Y"], float(inputs["tol"])
    print(json.dumps({"name": "celer.LassoCV", "version": metadata.version("celer")}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        fitted = [LassoCV(cv=4, n_alphas=100, tol=tol, max_iter=1000).fit(X, y) for y in Y.T]
        seconds = time.perf_counter() - started
        if path := line.strip():
            np.savez(
                path,
                alpha=np.array([each.alpha_ for each in fitted]),
                coef=np.array([each.coef_ for each in fitted]),
            )
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
