"""Train a run's model with PyTorch on several processes, each with a share of the rows.

    torchrun --standalone --nproc_per_node=2 -m labsupport.ops.torch.train build/runs/ID

The model is that of training.fit_logistic. Each process sums loss and gradient over its rows,
all_reduce adds the sums, and all make the same step; sums and not means, since shares differ in
size. A checkpoint is written every few steps, and a training that was killed goes on from it
(torchrun --max-restarts=3 does so by itself).

Which runs have the same bits, on one machine with gloo and one thread a process:

processes                      1      2      3
again                        yes    yes    yes     gloo adds in a fixed order, whoever comes first
killed and resumed           yes    yes    yes     a checkpoint holds every bit of the weights
fit_logistic, numpy           no     no     no     other exp, other order in the dot products
one process                  yes     no     no     another number of shares is another order
--reduction chunks           yes    yes    yes     the same for any number of processes: the rows
                                                   are summed in 10 chunks, added by their number
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from labsupport.durable import only_one
from labsupport.ops.runs.folder import MODEL, Run, resolve
from labsupport.ops.runs.training import config_of, passed, rows_of
from labsupport.ops.torch.checkpoint import Checkpoint, read_checkpoint
from labsupport.reductions import CHUNKS
from labsupport.training import check_examples

CHECKPOINT = "checkpoint.json"
EVERY = 25  # steps from one checkpoint to the next
REDUCTIONS = ("all_reduce", "chunks")
PATIENCE = timedelta(minutes=5)  # with a process that lives and does not answer
_THERE, _REFUSED = -1, -2  # in place of a step
USAGE, DATA, MISSING, UNAVAILABLE, SYSTEM = 64, 65, 66, 69, 74  # as all commands of the lab


@dataclass(frozen=True)
class Piece:
    """Rows that one process sums at once, on its device.

    Attributes
    ----------
    X : (m, d) float64 tensor; m may be 0.
    y : (m,) float64 tensor of 0 and 1.
    place : row of the table of sums that they are added in.
    """

    X: torch.Tensor
    y: torch.Tensor
    place: int


def shares(n: int, processes: int, rank: int, reduction: str) -> list[tuple[int, slice]]:
    """The rows of one process, as (place in the table of sums, rows).

    Under "all_reduce" there is one place and a process has one contiguous share, as even as
    possible; the last ones are empty when there are fewer rows than processes. Under "chunks"
    the rows are cut alike for any number of processes, and a process has some of the chunks.
    """
    if reduction == "all_reduce":
        bounds = _bounds(n, processes)
        return [(0, slice(*bounds[rank : rank + 2]))]
    bounds = _bounds(n, min(CHUNKS, n))
    mine = _bounds(len(bounds) - 1, processes)
    return [(c, slice(*bounds[c : c + 2])) for c in range(*mine[rank : rank + 2])]


def _bounds(n: int, parts: int) -> list[int]:
    """Where n things are cut into parts: np.array_split's way, the larger ones first."""
    return [part * (n // parts) + min(part, n % parts) for part in range(parts + 1)]


def sums(weights: torch.Tensor, piece: Piece) -> torch.Tensor:
    """(d + 2,) tensor: the gradient of the loss, the loss, and the rows, all added up."""
    weights = weights.detach().requires_grad_()
    loss = binary_cross_entropy_with_logits(piece.X @ weights, piece.y, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, weights)
    rows = gradient.new_tensor([len(piece.y)])
    return torch.cat([gradient, loss.detach().reshape(1), rows])


def add_up(weights: torch.Tensor, pieces: Sequence[Piece], places: int) -> torch.Tensor:
    """The sums over the rows of all processes: the same bits in all of them."""
    table = weights.new_zeros(places, len(weights) + 2)
    for piece in pieces:
        table[piece.place] = sums(weights, piece)
    dist.all_reduce(table)  # a place that one process alone fills only gets zeros added
    total = table[0]
    for row in table[1:]:
        total = total + row
    return total


def fit(
    pieces: Sequence[Piece], places: int, start: Checkpoint, config: dict, n: int, save=None
) -> torch.Tensor:
    """Make the gradient steps from `start` on; every process calls this with its own pieces.

    Parameters
    ----------
    config : steps and rate.
    n : rows of all processes together.
    save : called with the step and the weights after each step.

    Returns
    -------
    (d,) float64 tensor, the same bits in all processes.

    Raises
    ------
    ValueError : the loss is NaN or infinite.
    RuntimeError : a process was lost, or rows were, or the processes' weights differ.
    """
    weights = torch.tensor(start.weights, dtype=torch.float64, device=pieces[0].X.device)
    steps = range(start.step, config["steps"])
    with tqdm(steps, initial=start.step, total=config["steps"], disable=dist.get_rank() > 0) as bar:
        for step in bar:
            total = add_up(weights, pieces, places)
            loss = float(total[-2]) / n
            if not torch.isfinite(total).all():
                raise ValueError(
                    f"After {step} steps the loss is {loss:g}, which is no number to learn from: "
                    "there is no model. Lower the rate, or look for features out of range."
                )
            if int(total[-1]) != n:
                raise RuntimeError(f"The processes have {int(total[-1])} rows of {n}.")
            weights = weights - config["rate"] / n * total[:-2]
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            if save:
                save(step + 1, weights)
    _agree(weights)
    return weights


def _agree(weights: torch.Tensor) -> None:
    """All processes are here, with the same weights."""
    extremes = torch.stack([weights, -weights])
    dist.all_reduce(extremes, dist.ReduceOp.MAX)
    if not torch.equal(extremes[0], -extremes[1]):
        raise RuntimeError("The processes ended with different weights; there is no model.")


def train_together(run: Run, every: int = EVERY, reduction: str = "all_reduce") -> None:
    """Train the run's model, or go on where it was left. Only process 0 writes.

    Raises
    ------
    What Run, rows_of, read_checkpoint and fit raise; BlockingIOError : it is being trained.
    """
    passed(run)
    rank, config = dist.get_rank(), config_of(run)
    examples = rows_of(run, "data").examples
    check_examples(examples)
    start = _begin(run, rank, examples.X.shape[1])
    if start is None:
        if rank == 0:  # a kill may have left it
            (run.folder / CHECKPOINT).unlink(missing_ok=True)
        return
    device = place()[1]
    pieces = [
        Piece(_moved(examples.X[rows], device), _moved(examples.y[rows], device), row)
        for row, rows in shares(len(examples), dist.get_world_size(), rank, reduction)
    ] or [Piece(_moved(examples.X[:0], device), _moved(examples.y[:0], device), 0)]
    places = 1 if reduction == "all_reduce" else min(CHUNKS, len(examples))

    def save(step: int, weights: torch.Tensor) -> None:
        if rank == 0 and step % every == 0:
            made = Checkpoint(step, weights.cpu().numpy(), run.lineage_digest)
            made.save(run.folder / CHECKPOINT)

    weights = fit(pieces, places, start, config, len(examples), save)
    if rank == 0:
        run.write_model(weights.cpu().numpy())
        (run.folder / CHECKPOINT).unlink(missing_ok=True)


def _begin(run: Run, rank: int, d: int) -> Checkpoint | None:
    """Where all processes begin: process 0 looks, and tells. None: the model is there."""
    lineage, found, refused = run.lineage_digest, None, None
    if rank == 0:
        try:
            found = _found(run, lineage, d)
        except ValueError as error:  # the others are told before it ends
            refused = error
    told = torch.zeros(1 + d, dtype=torch.float64, device=place()[1])
    told[0] = _REFUSED if refused else _THERE
    if found is not None:
        told[0], told[1:] = found.step, torch.from_numpy(found.weights)
    dist.broadcast(told, 0)
    step, *weights = told.tolist()
    if step == _REFUSED:
        raise refused or RuntimeError("process 0 cannot begin; it says why.")
    return None if step == _THERE else Checkpoint(int(step), np.array(weights), lineage)


def _found(run: Run, lineage: str, d: int) -> Checkpoint | None:
    if (run.folder / MODEL).exists():
        run.model()  # or it says what is wrong with it
        return None
    found = read_checkpoint(run.folder / CHECKPOINT, lineage)
    return found or Checkpoint(0, np.zeros(d), lineage)


def _moved(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, device=device)


def place() -> tuple[str, torch.device]:
    """What processes talk through, and where this one computes: a GPU each, or the processor."""
    if torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"]):
        return "nccl", torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return "gloo", torch.device("cpu")


@contextmanager
def group():
    """The processes that torchrun started, joined for as long as this lasts."""
    torch.set_num_threads(1)  # more threads add in another order
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # a GPU's products, repeatable
    torch.use_deterministic_algorithms(True)
    backend, device = place()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    rank, size = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE"))
    dist.init_process_group(
        backend, store=_store(rank), rank=rank, world_size=size, timeout=PATIENCE
    )
    try:
        yield
    finally:
        dist.destroy_process_group()


def _store(rank: int) -> dist.Store:
    """Where processes leave their addresses, apart for each start.

    torchrun keeps one store over its restarts, and PyTorch 2.13's own way to it adds no prefix:
    restarted processes would find the addresses of those that were killed, and wait in vain.
    """
    own = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(
        host, port, is_master=own and rank == 0, timeout=PATIENCE, multi_tenant=own
    )
    return dist.PrefixStore(f"start {os.environ['TORCHELASTIC_RESTART_COUNT']}", store)


def main(argv: list[str] | None = None) -> int:
    """Be one of torchrun's processes; what went wrong is one sentence and a status."""
    parser = argparse.ArgumentParser(prog="train", description=__doc__.split("\n")[0])
    parser.add_argument("run", help="the run's folder")
    parser.add_argument("--every", type=int, default=EVERY, help="steps between checkpoints")
    parser.add_argument("--reduction", choices=REDUCTIONS, default=REDUCTIONS[0])
    parser.error = lambda said: parser.exit(USAGE, f"train: {said}\n")
    arguments = parser.parse_args(argv)
    rank = os.environ.get("RANK")
    if rank is None or arguments.every < 1:
        return _say(USAGE, "torchrun starts this program, and --every is 1 or more.")
    try:
        run = Run(resolve(arguments.run))
        with ExitStack() as stack:
            if rank == "0":
                stack.enter_context(only_one(run.folder / ".training"))
            stack.enter_context(group())
            train_together(run, arguments.every, arguments.reduction)
    except FileNotFoundError as error:
        return _say(MISSING, f"there is no file {error.filename}.")
    except BlockingIOError:
        return _say(UNAVAILABLE, "this run is being trained already; wait for that.")
    except ValueError as error:
        return _say(DATA, str(error))
    except OSError as error:
        return _say(SYSTEM, f"{error.strerror or error}: {error.filename or 'no file'}.")
    except RuntimeError as error:  # gloo's and nccl's word for a process that is gone
        return _say(UNAVAILABLE, f"the processes did not get through: {error}")
    return 0


def _say(status: int, sentence: str) -> int:
    print(f"train, process {os.environ.get('RANK', 'alone')}: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
