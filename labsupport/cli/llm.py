"""`lab llm`: a language model, asked, served, recorded."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from labsupport.cli.command import add_command
from labsupport.workspace import ROOT, LabError

LLM = """for example
  lab llm ask "How many people can share a family plan?" --prompt plain
  lab llm serve                    for any tool that speaks OpenAI's protocol, until Ctrl-C
  lab llm record                   all that the lessons show, about an hour; goes on after a kill
  lab llm record --prompt plain --judge

The model is SmolLM2, a very small one that `make llm` installs. Any other that speaks OpenAI's
protocol is asked where these are set: LAB_LLM_URL, LAB_LLM_MODEL, and LAB_LLM_KEY if it wants one.

What it says is recorded, since another build or engine says something else. `record` asks only what
was not recorded as it stands now."""
LOG = ROOT / "build" / "llm"


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    command = add_command(commands, "llm", "ask, serve or record a very small language model", LLM)
    kinds = command.add_subparsers(metavar="WHAT", required=True)
    ask = kinds.add_parser("ask", help="ask it something")
    ask.add_argument("text", help="what a user says")
    ask.add_argument(
        "--prompt", help="as the assistant with this prompt (default: the model alone)"
    )
    ask.set_defaults(command=_ask)
    kinds.add_parser("serve", help="serve it on this machine").set_defaults(command=_serve)
    record = kinds.add_parser("record", help="record what it says to the shipped suites")
    record.add_argument(
        "--prompt", action="append", help="a prompt, as often as needed (default: all)"
    )
    record.add_argument("--judge", action="store_true", help="also as a judge of its own answers")
    record.add_argument("--folder", type=Path, help="where to (default: the lab's own transcripts)")
    record.set_defaults(command=_record)


def _ask(arguments: argparse.Namespace) -> int:
    from labsupport.evals.assistant.assistant import Assistant
    from labsupport.evals.model.endpoint import ModelError
    from labsupport.evals.model.source import source

    try:
        with source() as model:
            if arguments.prompt is None:
                reply = model.endpoint.write([{"role": "user", "content": arguments.text}])
            else:
                reply = Assistant(arguments.prompt, writer=model.endpoint).answer([arguments.text])
    except (ModelError, ValueError) as error:
        raise LabError(str(error)) from error
    if reply.error:
        raise LabError(reply.error)
    print(reply.text)
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from labsupport.evals.model.endpoint import ModelError
    from labsupport.evals.model.local import serve

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with serve() as local:
            words = f"{local.model} on {local.engine}, until Ctrl-C."
            print(f"export LAB_LLM_URL={local.url} LAB_LLM_MODEL={local.model}  # {words}")
            sys.stdout.flush()
            local.wait()
    except ModelError as error:
        raise LabError(str(error)) from error
    raise LabError("The model's process ended.")


def _record(arguments: argparse.Namespace) -> int:
    from labsupport.evals.assistant.prompts import PROMPTS
    from labsupport.evals.model.endpoint import ModelError
    from labsupport.evals.model.judged import JUDGED, record_judge
    from labsupport.evals.model.record import record
    from labsupport.evals.model.source import source
    from labsupport.evals.model.transcripts import RECORDED, load_transcripts, shipped_suites

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder, prompts, suites = arguments.folder or RECORDED, arguments.prompt, shipped_suites()
    if unknown := set(prompts or ()) - set(PROMPTS):
        raise LabError(f"No prompt {min(unknown)!r}; the prompts are {', '.join(PROMPTS)}.")
    try:
        with source() as model, _Bars() as bars:
            record(model, prompts or PROMPTS, suites, folder, LOG / "record.jsonl", bars.show)
            if arguments.judge:
                said = load_transcripts(folder)
                said = {name: said[name] for name in JUDGED if name in said}
                log = LOG / "judge.jsonl"
                record_judge(model, said, suites["questions"], folder, log, bars.show)
    except BlockingIOError:
        raise LabError("Another `lab llm record` is at work; wait for it.") from None
    except (ModelError, ValueError) as error:
        raise LabError(str(error)) from error
    return 0


class _Bars:
    """A progress bar for each thing that is recorded."""

    def __enter__(self) -> _Bars:
        self._bar, self._what = None, None
        return self

    def show(self, what: str, done: int, of: int) -> None:
        """So many of them are done."""
        from tqdm import tqdm

        if what != self._what:
            self.__exit__()
            self._bar, self._what = tqdm(total=of, desc=what, file=sys.stderr), what
        self._bar.update(done - self._bar.n)

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()
