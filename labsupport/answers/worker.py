"""The other side: imports what exercises need once, then runs each submission in a fork of itself.

It is started with one socket. Each message on it brings a second socket: a submission's. The fork
goes behind walls of its own, gives up what it may not do, and serves that submission until its
end. It says what came of cells and calls; nothing that it says is believed beyond that.

    {"cells": [...]}            run cells of a notebook, one after the other
    {"name": expression}        what the exercise's check line hands in
    {"calls": ..., "of": name}  call it with each of these arguments

Arguments come as a pickle, from the one who grades. What is returned goes back as plain text.
"""

from __future__ import annotations

import base64
import copy
import ctypes
import importlib
import io
import json
import os
import pickle
import random
import socket
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np

from labsupport.answers import confine, folders, landlock, plain, room
from labsupport.answers.calls import Nowhere, call, takes
from labsupport.answers.outcome import Outcome, in_words

_FRESH = 0x10000000 | 0x20000000 | 0x00020000 | 0x08000000  # users, processes, mounts, messages
_DUMPABLE, _DEATH_SIGNAL, _KILL = 4, 1, 9


def main(argv: list[str]) -> None:
    """Serve until the socket is closed: `worker FD SETTINGS`."""
    control, settings = socket.socket(fileno=int(argv[0])), json.loads(argv[1])
    for name in settings["imports"]:
        importlib.import_module(name)
    ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)  # a fork may not look into this process
    control.sendall(b"ready\n")
    while True:
        message, sockets, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        folder = tempfile.mkdtemp(dir=Path.cwd()) if settings["shelter"] == "landlock" else "."
        own = settings["shelter"] != "namespaces"  # there a folder has its bounds by itself
        pid = os.fork()
        if pid == 0:
            control.close()
            os.chdir(folder)
            _behind_walls(socket.socket(fileno=sockets[0]), settings)
        os.close(sockets[0])
        if own:
            room.wait_within(pid, Path(folder))
        else:
            os.waitpid(pid, 0)
        if folder != ".":
            room.remove(Path(folder))
        control.sendall(b"ended\n")


def _behind_walls(link: socket.socket, settings: dict) -> None:
    """Never returns."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if settings["shelter"] == "namespaces":
            _own_namespaces()
        elif settings["shelter"] == "landlock":
            landlock.keep_only(map(Path, settings["sees"]), Path.cwd())
            os.environ["HOME"] = os.environ["TMPDIR"] = str(Path.cwd())
        elif os.getuid() == 0:
            _nobody()
        confine.drop_capabilities()
        libc = ctypes.CDLL(None)
        libc.prctl(_DEATH_SIGNAL, _KILL, 0, 0, 0)
        random.seed(settings["seed"])
        np.random.seed(settings["seed"])  # noqa: NPY002 - answers may use the old generator
        for standard in range(3):
            os.dup2(nowhere, standard)
        confine.limit_resources(settings["cpu"], settings["memory"], settings["file_size"])
        if not confine.filter_calls() and settings["shelter"] != "no walls":
            os._exit(3)
        _serve(link)
    finally:
        os._exit(0)


def _own_namespaces() -> None:
    """Nothing of another submission, and no way back: the first process of a system of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DUMPABLE, 1, 0, 0, 0)  # or it may not say who it is
    user, group = os.getuid(), os.getgid()
    _insist(libc.unshare(_FRESH))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text, encoding="ascii")
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
    for place in (b"/proc", b"/dev/shm", b"/answer"):
        _insist(libc.mount(b"tmpfs", place, b"tmpfs", 2 | 4, b"size=64m,nr_inodes=4096"))
    os.chdir("/answer")


def _nobody() -> None:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def _insist(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "a wall could not be put up")


def _serve(link: socket.socket) -> None:
    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook
    sys.stdout = sys.stderr = Nowhere()
    warnings.simplefilter("ignore")
    link_file = link.makefile("rb")
    talk, answers = _Talk(link, link_file), {}
    for line in link_file:
        told = json.loads(line)
        talk.nonce = told["nonce"]
        if "cell" in told:
            talk.say(_run(told["cell"], notebook))
        elif "name" in told:
            talk.say(_look_up(told["name"], notebook, answers))
        elif "of" in told:
            _call_all(answers[told["of"]], base64.b64decode(told["calls"]), talk)


class _Talk:
    """What is said carries the nonce of what was asked."""

    def __init__(self, link: socket.socket, lines) -> None:
        self._link, self._lines, self.nonce = link, lines, ""

    def say(self, told: dict) -> None:
        text = json.dumps({"nonce": self.nonce, **told}).encode()
        if len(text) > plain.LARGEST:
            text = json.dumps({"nonce": self.nonce, "kind": "large"}).encode()
        self._link.sendall(text + b"\n")

    def ask(self, number: int, args: tuple) -> object:
        """Have a function called that is on the other side."""
        self.say({"kind": "back", "number": number, "args": plain.written(args)})
        told = json.loads(self._lines.readline())
        if told["error"]:
            raise ValueError(told["error"])
        return plain.value_of(told["value"])


def _run(source: str, notebook: types.ModuleType) -> dict:
    try:
        exec(compile(source, "<cell>", "exec"), vars(notebook))
    except NotImplementedError:
        return {"kind": "blank"}
    except BaseException as error:  # noqa: BLE001 - SystemExit is a cell's error, too
        return {"kind": "raised", "text": in_words(error)}
    return {"kind": "done"}


def _look_up(expression: str, notebook: types.ModuleType, answers: dict) -> dict:
    try:
        value = eval(expression, vars(notebook))
    except BaseException as error:  # noqa: BLE001
        return {"kind": "raised", "text": in_words(error)}
    answers[expression] = value
    if not callable(value):
        return {"kind": "value", "value": _written(value)}
    return {"kind": "function"}


def _call_all(function: object, data: bytes, talk: _Talk) -> None:
    calls = _Arguments(data, talk).load()
    if not takes(function, len(calls[0])):
        talk.say({"kind": "arguments"})
        return
    seen = {each: folders.entries(each) for kept in calls for each in kept if _is_folder(each)}
    for kept in calls:
        outcome = call(function, tuple(_own(each) for each in kept), kept)
        if any(folders.entries(each) != seen[each] for each in kept if _is_folder(each)):
            outcome = Outcome("changed")
        value = _written(outcome.value) if outcome.kind == "value" else None
        talk.say({"kind": outcome.kind, "value": value, "text": outcome.text})


def _is_folder(each: object) -> bool:
    return isinstance(each, Path)


def _written(value: object) -> object:
    try:
        return plain.written(value)
    except Exception:  # noqa: BLE001 - parts that cannot be walked are no answer
        return {"other": type(value).__name__}


def _own(each: object) -> object:
    changeable = np.ndarray | np.random.Generator | dict
    return copy.deepcopy(each) if isinstance(each, changeable) else each


class _Arguments(pickle.Unpickler):
    """Arguments; functions of the other side become ones that ask there, folders are made here."""

    def __init__(self, data: bytes, talk: _Talk) -> None:
        super().__init__(io.BytesIO(data))
        self._talk = talk

    def persistent_load(self, pid: tuple) -> object:
        """What stands here for a value that stayed on the other side."""
        kind, *held = pid
        if kind == "function":
            return lambda *args: self._talk.ask(held[0], args)
        if kind == "object":
            return types.SimpleNamespace(**dict(held[1]))
        return folders.make(Path(f"{self._talk.nonce}-{held[0]}").absolute(), held[1])


if __name__ == "__main__":
    main(sys.argv[1:])
