"""The room the lab is taught in: check the machine, open JupyterLab, run every lesson.

doctor     is this machine ready, one line per question
server     JupyterLab on the first lesson, without side effects outside the project
execute    all lessons through papermill, in parallel, with a report
notebook   one of them: execute it, and take out what differs between machines
slides     the lessons' questions and pictures as slides that need no network
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
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
    warnings into the output. A user's start-up files for IPython and settings for Matplotlib stay
    out of the lessons. A kernel computes in one thread unless the user said otherwise: its
    matrices are small, and threads of several kernels that wait for each other on two cores made
    lesson 07's fits forty times slower.
    """
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(root) not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, known)])
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    own = root / "build" / "ipython"
    with suppress(OSError):  # where build/ cannot be written IPython takes a folder of its own
        own.mkdir(parents=True, exist_ok=True)
    os.environ["IPYTHONDIR"] = str(own)
    if matplotlib := find_spec("matplotlib"):  # not imported: it takes a second
        shipped = Path(matplotlib.submodule_search_locations[0], "mpl-data", "matplotlibrc")
        os.environ["MATPLOTLIBRC"] = str(shipped)
    if not _writable_home():  # a container run as another user, a full home folder
        os.environ["JUPYTER_RUNTIME_DIR"] = str(root / "build" / "jupyter" / "runtime")
        os.environ["JUPYTER_DATA_DIR"] = str(root / "build" / "jupyter" / "data")
        os.environ["MPLCONFIGDIR"] = str(root / "build" / "matplotlib")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"


def _writable_home() -> bool:
    try:
        return os.access(Path.home(), os.W_OK)
    except RuntimeError:  # there is none
        return False
