"""A function in a process of its own that can always be ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

import psutil


class ChildError(RuntimeError):
    """A child that was ended, or ended itself, before it answered; the text says which."""


def in_child(function: Callable[..., Any], arguments: tuple, limit: float) -> Any:
    """Return what a function returns that runs in a process of its own.

    A time limit inside a process cannot end that process when the interpreter or a library hangs;
    its parent can. Whatever the child started is ended with it.

    Parameters
    ----------
    function : importable, as are its arguments and what it returns.
    limit : seconds that it may take, the start of the process included.

    Raises
    ------
    ChildError : it did not end within the limit, or without an answer.
    OSError : what the function raised, say for a full disk.
    """
    _hide_ctrl_c()  # a child that is still importing would answer with a traceback
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            raise ChildError(f"did not end within {limit:g} s")
        result = receiver.recv()
    except EOFError:
        process.join()
        status = process.exitcode
        raise ChildError(f"its process ended without a result (status {status})") from None
    finally:
        receiver.close()
        end_children(process.pid)
        process.join()
    if isinstance(result, OSError):
        raise result
    return result


def end_children(pid: int | None = None) -> None:
    """End a process with everything below it (kernels are not in its process group); by default
    every child that in_child waits for in this process.
    """
    tops = [pid] if pid else [child.pid for child in multiprocessing.active_children()]
    for top in tops:
        try:
            process = psutil.Process(top)
            family = [*process.children(recursive=True), process]
        except psutil.NoSuchProcess:
            continue
        for member in family:
            try:
                member.kill()
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the parent decides
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # for the kernels below
    try:
        sender.send(function(*arguments))
    except OSError as error:
        sender.send(error)
