"""Which files go first, and which go to the same worker, when tests run on several.

A file that takes minutes and comes last runs alone, while the other worker has nothing left to do.
And what one test has computed, such as a drawn figure or the runs behind a panel, is kept for the
next one of the same process: tests of the same things belong together.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadFileScheduling

# Those of several minutes, the longest first. A name that is not here may take a minute.
LONGEST = (
    "tests/test_papermill.py",
    "figures and panels",
    "tests/test_questions.py",
    "browser",
    "tests/test_grading_classroom.py",
    "tests/test_ops_workflow.py",
    "registry",
    "tests/test_ops_torch.py",
    "tests/test_grading.py",
    "tests/test_workspace.py",
    "tests/wrong_answers/test_kill_list.py",
    "tests/negative/test_command_faults.py",
    "tests/test_portability.py",
    "tests/test_ops_studies.py",
    "tests/test_ops_action.py",
    "tests/negative/test_notebook_faults.py",
    "tests/test_triggers.py",
    "tests/test_slices.py",
    "notebooks/04_nondeterminism.ipynb",
    "notebooks/06_cheap_checks.ipynb",
    "tests/test_delivery_service.py",
    "tests/test_ops_loop.py",
)
TOGETHER = {
    r"tests/test_(panels|figures|show|artists).*": "figures and panels",
    r"tests/browser/.*": "browser",
    r"tests/test_ops_(registry|stages).*": "registry",
}


def scope(nodeid: str) -> str:
    """The file of a test, or what it is together with."""
    file = nodeid.split("::", 1)[0]
    return next((name for path, name in TOGETHER.items() if re.fullmatch(path, file)), file)


def place(nodeid: str) -> int:
    """Where it comes: the longest first, then all others as they are."""
    name = scope(nodeid)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class LongestFirst(LoadFileScheduling):
    """As `--dist loadfile`, in the order in which tests were collected."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by the number of tests, which says little

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)
