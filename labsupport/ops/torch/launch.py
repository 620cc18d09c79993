"""Starting torchrun, which lives in `.venv/torch`, from the lab's own environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RESTARTS = 3
HOME = Path(__file__).resolve().parents[3] / ".venv" / "torch"  # as the Makefile says


class TorchError(RuntimeError):
    """Training on several processes did not come to its end; there is no model."""


def torch_python() -> Path:
    """The Python that has PyTorch.

    Raises
    ------
    TorchError : `make torch` was not run.
    """
    place = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = HOME.joinpath(*place)
    if not python.exists():
        raise TorchError("There is no PyTorch here; get it with `make torch`.")
    return python


def torchrun(processes: int, restarts: int = RESTARTS) -> list[str]:
    """The beginning of a command line: what comes after it runs in so many processes."""
    return [
        *(str(torch_python()), "-m", "torch.distributed.run", "--standalone"),
        *(f"--nproc_per_node={processes}", f"--max-restarts={restarts}"),
    ]


def train_on(folder: Path, processes: int, restarts: int = RESTARTS) -> None:
    """Train the model of a run on so many processes.

    When one of them dies, all begin again from the last checkpoint, `restarts` times.

    Parameters
    ----------
    folder : of the run.

    Raises
    ------
    ValueError : fewer than one process.
    TorchError : there is no PyTorch, or torchrun ended with a status other than 0; what its
        processes had to say is on stderr.
    """
    if processes < 1:
        raise ValueError(f"Training takes at least one process; got {processes}.")
    command = [*torchrun(processes, restarts), "-m", "labsupport.ops.torch.train", str(folder)]
    one = {"OMP_NUM_THREADS": "1", **os.environ}  # what torchrun would choose too, but with a sigh
    ended = subprocess.run(command, stdout=sys.stderr, env=one).returncode
    if ended:
        raise TorchError(f"torchrun ended with status {ended}; the lines above say why.")
