"""The room the lab is taught in: check the machine, open JupyterLab, run every lesson.

doctor     is this machine ready, one line per question
server     JupyterLab on the first lesson, without side effects outside the project
execute    all lessons through papermill, in parallel, with a report
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class LabError(Exception):
    """Something the user can put right; the message is the sentence that is shown, without a
    traceback.
    """


def prepare_environment(root: Path = ROOT) -> None:
    """Set what every kernel started from this process inherits.

    Lessons find labsupport even where only the lock was installed, the kernel is the one of this
    environment rather than a user's older one of the same name, and the debugger does not write
    warnings into the output. A kernel computes in one thread unless the user said otherwise: its
    matrices are small, and threads of several kernels that wait for each other on two cores made
    lesson 07's fits forty times slower.
    """
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(root) not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, known)])
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
