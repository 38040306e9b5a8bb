"""The tests; what is set here is set before numpy comes."""

import os

# Parallel workers whose linear algebra has threads too are several times slower.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
