"""One BLAS thread for every benchmark, so that ratios are those of one thread anywhere."""

import os
import sys

if "numpy" in sys.modules:
    raise RuntimeError(
        "numpy is loaded already, so its threads are fixed; run the benchmarks alone, as `make "
        "bench` does."
    )
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"
