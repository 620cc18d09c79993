"""`lab llm`: what a person sees of it."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chat_server import chat_server, completion

from labsupport import cli
from labsupport.cli import llm
from labsupport.evals.model.endpoint import Endpoint
from labsupport.evals.model.local import is_installed
from labsupport.evals.model.transcripts import load_transcripts, shipped_suites, stale_words

pytestmark = pytest.mark.skipif(not is_installed(), reason="no language model here: make llm")


def says(n: int) -> tuple:
    return 200, completion(f"answer {n}") | {"id": f"chatcmpl-{n}"}, {}, 0.0


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A model that the environment names."""
    monkeypatch.setattr(llm, "LOG", tmp_path / "log")
    monkeypatch.setenv("LAB_LLM_MODEL", "m")
    monkeypatch.delenv("LAB_LLM_KEY", raising=False)
    with chat_server(says) as asked:
        monkeypatch.setenv("LAB_LLM_URL", asked.url)
        yield asked


def test_it_asks_the_model_alone_or_as_the_assistant(model, capsys) -> None:
    assert cli.main(["llm", "ask", "Hello?"]) == 0
    assert cli.main(["llm", "ask", "How do I pause my plan?", "--prompt", "plain"]) == 0
    assert capsys.readouterr().out == "answer 0\nanswer 1\n"
    alone, assistant = (body["messages"] for body in model.bodies)
    assert [message["role"] for message in alone] == ["user"]
    assert "ORCHID-4471" in assistant[0]["content"] and "Pausing a plan" in assistant[0]["content"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "Hello?", "--prompt", "rude"], "There is no prompt 'rude'"),
        (["record", "--prompt", "rude"], "No prompt 'rude'"),
    ],
)
def test_a_prompt_that_does_not_exist_is_one_sentence(model, capsys, words, said) -> None:
    assert cli.main(["llm", *words]) == 1
    assert said in capsys.readouterr().err
    assert model.bodies == []


def test_nobody_there_is_one_sentence(monkeypatch, capsys) -> None:
    with chat_server(says) as asked:
        pass
    monkeypatch.setenv("LAB_LLM_URL", asked.url)
    monkeypatch.setenv("LAB_LLM_MODEL", "m")
    for words in (["ask", "Hello?"], ["record"]):
        assert cli.main(["llm", *words]) == 1
        said = capsys.readouterr().err
        assert said.startswith("lab: Nobody answers") and said.count("\n") == 1


def test_it_records_every_question_once(model, capsys, tmp_path: Path) -> None:
    words = ["llm", "record", "--prompt", "no secret", "--folder", str(tmp_path / "said")]
    suites = shipped_suites()
    assert cli.main(words) == 0
    number = sum(len(suite.tasks) for suite in suites.values())
    assert f"no secret: 100%|██████████| {number}/{number}" in capsys.readouterr().err
    (recording,) = load_transcripts(tmp_path / "said").values()
    assert len(recording.said) == number and stale_words([recording], suites) == []
    asked = len(model.bodies)
    assert cli.main(words) == 0 and len(model.bodies) == asked


@pytest.mark.posix_only("Ctrl-C is a signal")
def test_it_serves_until_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "labsupport.cli", "llm", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        told = dict(word.split("=", 1) for word in shlex.split(line, comments=True)[1:])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", told["LAB_LLM_URL"])
        endpoint = Endpoint(told["LAB_LLM_URL"], told["LAB_LLM_MODEL"], max_tokens=2)
        assert endpoint.write([{"role": "user", "content": "Hello"}]).error is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == "\nlab: stopped.\n"
        assert endpoint.write([{"role": "user", "content": "Hello"}]).error
    finally:
        process.kill()
        process.communicate()
