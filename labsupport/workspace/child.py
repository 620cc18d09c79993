"""A function in a process of its own that can always be ended, and the one function that needs it:
execute a notebook.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil


def in_child(function: Callable[..., Any], arguments: tuple, limit: float) -> Any:
    """Return what the function returns, or a sentence when it does not return within `limit`
    seconds.

    A time limit inside a process cannot end that process when the interpreter or a library hangs;
    its parent can. OSErrors (a full disk) are raised here again.
    """
    _hide_ctrl_c()  # a child that is still importing would answer with a traceback
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            return f"did not end within {limit:g} s"
        result = receiver.recv()
    except EOFError:
        process.join()
        return f"its process ended without a result (status {process.exitcode})"
    finally:
        receiver.close()
        end_children(process.pid)
        process.join()
    if isinstance(result, OSError):
        raise result
    return result


def end_children(pid: int | None = None) -> None:
    """End a process with everything below it (kernels are not in its process group); by default all
    below this one.
    """
    try:
        top = psutil.Process(pid)
        processes = [*top.children(recursive=True), *([top] if pid else [])]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue  # it ended by itself in the meantime


def _hide_ctrl_c() -> None:
    """Block Ctrl-C in this thread for what it starts; the main thread, which has to hear it, is
    left alone.
    """
    if os.name == "posix" and threading.current_thread() is not threading.main_thread():
        resource_tracker.ensure_running()  # would unblock it when started later
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _send(sender: Connection, function: Callable[..., Any], arguments: tuple) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent decides
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # for the kernels below
    try:
        sender.send(function(*arguments))
    except OSError as error:
        sender.send(error)


def execute(
    lesson: Path, target: Path, parameters: dict[str, Any], cell_limit: float, as_page: bool
) -> str | None:
    """Execute a notebook into `target`, with a page beside it if asked for; None, or a sentence
    with the cell and error.
    """
    import papermill  # here, because it takes a second and the parent does not need it
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("papermill").setLevel(
        logging.CRITICAL
    )  # what goes wrong is said once, in the sentence below
    problem = None
    try:
        papermill.execute_notebook(
            literal(lesson),
            literal(target),
            parameters=parameters,
            kernel_name="python3",
            language="python",
            cwd=lesson.parent,
            progress_bar=False,
            start_timeout=60,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            execution_timeout=int(cell_limit) if cell_limit >= 1 else 1,
        )
    except papermill.PapermillExecutionError as error:
        message = str(error.evalue).strip().splitlines()
        problem = (
            f"In [{error.exec_count}] {_first_line(error.source)}: {error.ename}: "
            f"{message[0] if message else ''}"
        )
    except CellTimeoutError:
        problem = f"{running_cell(target)} took more than {cell_limit:g} s"
    except DeadKernelError:
        problem = f"{running_cell(target)} ended its kernel (out of memory?)"
    if as_page:
        _write_page(target)
    return problem


def literal(path: Path) -> str:
    """The path as papermill takes it: it fills in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def running_cell(executed: Path) -> str:
    """Name the cell that was running when papermill last saved the notebook."""
    import nbformat

    started = [
        cell
        for cell in nbformat.read(executed, as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return f"the cell {_first_line(started[-1].source)}" if started else "the start of the kernel"


def _first_line(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip()]
    return f"`{lines[0].strip()}`" if lines else "(empty)"


def _write_page(executed: Path) -> None:
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(executed))
    executed.with_suffix(".html").write_text(page, encoding="utf-8")
