"""A model behind a URL: whatever goes wrong is an error, never an answer. And where `make llm` was
run, what holds of the small model on any build.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from chat_server import chat_server, completion, logprobs

from labsupport.evals.assistant.assistant import Assistant
from labsupport.evals.model.endpoint import MISSING, Endpoint, ModelError
from labsupport.evals.model.local import Local, is_installed, serve
from labsupport.evals.suites.runs import run_suite
from labsupport.evals.suites.scoring import is_right
from labsupport.evals.suites.suite import Suite, Task

ROOT = Path(__file__).parents[1]
HERE = is_installed()
needs_model = pytest.mark.skipif(not HERE, reason="no language model here: make llm")
HELLO = [{"role": "user", "content": "Hello"}]
TASK = Task("t", ("Hello",), "allowed", family="benign")  # right whatever is said
KEY = "sk-test-0123456789"
OK = (200, completion("Hello, too."), {}, 0.0)


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    with serve() as running:
        yield running


# What goes wrong, on a server that does it

REFUSED = {"error": {"message": f"no such {KEY}", "type": "invalid_request_error", "code": 400}}
TOO_LONG = {"error": {"message": "5031 tokens", "type": "exceed_context_size_error", "code": 400}}
OPENAI_TOO_LONG = {"error": {"message": "m", "type": "x", "code": "context_length_exceeded"}}
TRAPS = {
    "timeout": (*OK[:3], 3.0),
    "context": (400, TOO_LONG, {}, 0.0),
    "context, as OpenAI says it": (400, OPENAI_TOO_LONG, {}, 0.0),
    "refused": (400, REFUSED, {}, 0.0),
    "key": (401, {"error": {"message": f"wrong key {KEY}"}}, {}, 0.0),
    "a long story": (400, {"error": {"message": "x" * 236 + KEY}}, {}, 0.0),
    "busy": (429, {"error": {"message": "slow down"}}, {}, 0.0),
    "broken": (500, b"<html>oh no</html>", {"Content-Type": "text/html"}, 0.0),
    "no choice": (200, completion("x") | {"choices": []}, {}, 0.0),
    "choices null": (200, completion("x") | {"choices": None}, {}, 0.0),
    "empty": (200, completion(""), {}, 0.0),
    "blank": (200, completion(" \n"), {}, 0.0),
    "null": (200, completion(None), {}, 0.0),
    "no JSON": (200, b"welcome", {"Content-Type": "text/html"}, 0.0),
    "no message": (200, completion("x") | {"choices": [{"index": 0}]}, {}, 0.0),
    "a list of parts": (200, completion([{"type": "text", "text": "x"}]), {}, 0.0),
    "half JSON": (200, b'{"choices": [', {}, 0.0),
    "a list": (200, [1, 2], {}, 0.0),
}
SAYS = {
    "timeout": "did not answer within 0.5 s",
    "context": "longer than the model's context",
    "context, as OpenAI says it": "longer than the model's context",
    "refused": r"refused \(status 400\): no such \(key\)",
    "key": "does not accept the key .* LAB_LLM_KEY",
    "a long story": r"status 400\): x+ \.\.\.$",
    "busy": r"status 429\): slow down",
    "broken": "status 500",
    "empty": "empty",
    "blank": "empty",
    "null": "empty",
}


@needs_model
@pytest.mark.parametrize("trap", TRAPS)
def test_what_goes_wrong_is_an_error_in_the_denominator(trap: str) -> None:
    with chat_server(lambda n: TRAPS[trap]) as asked:
        endpoint = Endpoint(asked.url, "m", KEY, limit=0.5 if trap == "timeout" else 30)
        assistant = Assistant(writer=endpoint)
        run = run_suite(Suite("s", 1, (TASK,)), assistant)
    (answer,) = run.answers
    assert len(asked.bodies) == 1  # nothing is asked a second time
    assert not answer.right and run.asked == 0
    assert re.search(SAYS.get(trap, "something else than a chat completion"), answer.error)
    assert "\n" not in answer.error and KEY[:4] not in answer.error
    assert answer.reply.text == ""


@needs_model
def test_a_good_answer_is_one() -> None:
    with chat_server(lambda n: OK) as asked:
        reply = Endpoint(asked.url, "m", KEY, max_tokens=7).write(HELLO, seed=3)
    assert (reply.text, reply.error, reply.calls) == ("Hello, too.", None, 1)
    (body,) = asked.bodies
    assert body["messages"] == HELLO and body["temperature"] == 0 and body["seed"] == 3
    assert body["max_tokens"] == 7 and body["model"] == "m"
    assert asked.headers[0]["authorization"] == f"Bearer {KEY}"


@needs_model
def test_nobody_there_is_an_error() -> None:
    with chat_server(lambda n: OK) as asked:
        endpoint = Endpoint(asked.url, "m")
    reply = endpoint.write(HELLO)
    assert reply.text == "" and reply.error.startswith("Nobody answers")
    assert not is_right(TASK, reply)
    with pytest.raises(ModelError, match="Nobody answers"):
        endpoint.check()


FRESH = [completion("a") | {"id": f"chatcmpl-{n}"} for n in range(2)]
CACHES = {
    "the same id": ([completion("a")] * 2, {}),
    "Age": (FRESH, {"Age": "12"}),
    "X-Cache": (FRESH, {"X-Cache": "Hit from cloud"}),
    "Helicone": (FRESH, {"Helicone-Cache": "HIT"}),
}


@needs_model
@pytest.mark.parametrize("cache", CACHES)
def test_an_answer_from_a_cache_says_nothing_new(cache: str) -> None:
    told, headers = CACHES[cache]
    with chat_server(lambda n: (200, told[n], headers if n else {}, 0.0)) as asked:
        assistant = Assistant(writer=Endpoint(asked.url, "m"))
        run = run_suite(Suite("s", 1, (TASK,)), assistant, epochs=2)
    assert [answer.reply.repeated for answer in run.answers] == [False, True]
    assert [answer.right for answer in run.answers] == [True, False]
    assert asked.headers[0]["cache-control"] == "no-cache"


@needs_model
def test_a_new_answer_with_the_same_words_is_new() -> None:
    """Neither a prefix of the prompt that a server kept, nor a MISS, is an answer from a cache."""
    kept = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    kept |= {"prompt_tokens_details": {"cached_tokens": 8}}
    with chat_server(lambda n: (200, FRESH[n] | {"usage": kept}, {"X-Cache": "Miss"}, 0)) as asked:
        endpoint = Endpoint(asked.url, "m")
        assert [endpoint.write(HELLO).repeated for _ in range(2)] == [False, False]


# A judge by its log-odds

ODDS = {
    "both": (logprobs(Yes=-0.5, no=-1.5), 1.0, None),
    "several spellings": (logprobs(Yes=-2.0, _yes=-2.0, No=-2.0), 0.693, None),
    "yes only: no is as likely as the last": (logprobs(yes=-0.5, The=-3.0), 2.5, None),
    "no only": (logprobs(No=-0.5, The=-3.0), -2.5, None),
    "neither": (logprobs(The=-0.5, A=-3.0), None, "Neither yes nor no"),
    "none": (None, None, "No logprobs came"),
    "the first token ended it": ({"content": []}, None, "No logprobs came"),
    "without numbers": (
        {"content": [{"token": "a", "top_logprobs": [{"token": "yes"}]}]},
        None,
        "The",
    ),
    "content null": ({"content": None}, None, "No logprobs came"),
}


@needs_model
@pytest.mark.parametrize("case", ODDS)
def test_log_odds(case: str) -> None:
    told, value, error = ODDS[case]
    with chat_server(lambda n: (200, completion("Yes", logprobs=told), {}, 0.0)) as asked:
        odds = Endpoint(asked.url, "m").log_odds(HELLO)
    assert odds.value == (value if value is None else pytest.approx(value, abs=1e-3))
    assert odds.error is None if error is None else odds.error.startswith(error)
    assert asked.bodies[0]["logprobs"] is True and asked.bodies[0]["top_logprobs"] == 20


@needs_model
def test_an_error_has_no_odds() -> None:
    with chat_server(lambda n: TRAPS["context"]) as asked:
        odds = Endpoint(asked.url, "m").log_odds(HELLO)
    assert odds.value is None and "context" in odds.error


# The key, the address


@needs_model
@pytest.mark.parametrize(("status", "there"), [(200, True), (404, True), (401, False)])
def test_somebody_is_there_who_takes_the_key(status: int, there: bool) -> None:
    with chat_server(lambda n: OK) as asked:
        asked.models = (status, {"error": {"message": "what?"}})
        endpoint = Endpoint(asked.url, "m", KEY)
        if there:
            endpoint.check()
        else:
            with pytest.raises(ModelError, match="LAB_LLM_KEY"):
                endpoint.check()


@pytest.mark.parametrize("key", ["sk-1\n", "sk-\u00e9"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(ModelError, match="no key has") as raised:
        Endpoint("http://127.0.0.1:1/v1", "m", key)
    assert key not in str(raised.value)


def test_the_key_is_shown_nowhere_and_decides_nothing() -> None:
    one = Endpoint("http://127.0.0.1:1/v1", "m", KEY)
    assert KEY not in f"{one!r} {one}"
    assert one.digest == replace(one, key="another").digest
    others = (replace(one, model="n"), replace(one, max_tokens=9), replace(one, version="2"))
    assert len({one.digest, *(other.digest for other in others)}) == 4


def test_a_place_may_change_where_the_model_is_known() -> None:
    known = [Endpoint(f"http://127.0.0.1:{port}/v1", "m", version="w e") for port in (1, 2)]
    assert known[0].digest == known[1].digest
    assert replace(known[0], version="").digest != replace(known[1], version="").digest


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://x/v1", "http://", "http://a:b@host/v1"])
def test_an_address_that_is_none_is_one_sentence_without_it(url: str) -> None:
    with pytest.raises(ModelError, match=r"LAB_LLM_URL is an address|password in it") as raised:
        Endpoint(url, "m")
    assert "a:b" not in str(raised.value)


def test_the_environment_names_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_LLM_KEY", raising=False)
    monkeypatch.setenv("LAB_LLM_URL", "http://127.0.0.1:1/v1")
    monkeypatch.delenv("LAB_LLM_MODEL", raising=False)
    with pytest.raises(ModelError, match="LAB_LLM_MODEL"):
        Endpoint.from_environment()
    monkeypatch.setenv("LAB_LLM_MODEL", "m")
    assert Endpoint.from_environment().key is None
    monkeypatch.setenv("LAB_LLM_KEY", KEY)
    assert Endpoint.from_environment(max_tokens=5).key == KEY


@needs_model
def test_no_other_key_or_proxy_of_the_environment_is_used(monkeypatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "another-secret")
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with chat_server(lambda n: OK) as asked:
        assert Endpoint(asked.url, "m").write(HELLO).text == "Hello, too."
    assert "another-secret" not in str(asked.headers)


def test_without_the_lane_one_sentence_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "openai.py").write_text("raise ImportError('gone')", encoding="utf-8")
    code = """if True:
        from labsupport.evals import model
        from labsupport.evals.model.endpoint import Endpoint, ModelError
        try:
            Endpoint("http://127.0.0.1:1/v1", "m").write([])
        except ModelError as error:
            print(error)"""
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == MISSING and "`make llm`" in MISSING


# The small model itself: what holds on any build


FACT = [
    {"role": "system", "content": "The family plan costs 18 euros a month."},
    {"role": "user", "content": "What does the family plan cost?"},
]


@needs_model
def test_a_fact_is_answered_and_again_in_the_same_words(local: Local) -> None:
    endpoint = local.endpoint(max_tokens=16)
    first, _, again = (endpoint.write(asked) for asked in (FACT, HELLO, FACT))
    assert first.error is None and "18" in first.text
    assert again.text == first.text and not again.repeated


@needs_model
def test_a_prompt_over_the_context_is_an_error(local: Local) -> None:
    reply = local.endpoint().write([{"role": "user", "content": "word " * 3000}])
    assert reply.error == "The prompt is longer than the model's context."
    assert not is_right(TASK, reply)


@needs_model
def test_the_model_has_odds(local: Local) -> None:
    odds = local.endpoint().log_odds([{"role": "user", "content": "Is snow white? Say yes or no."}])
    assert odds.error is None and -20 < odds.value < 20


@needs_model
def test_it_listens_on_this_machine_only_and_says_what_it_is(local: Local) -> None:
    process = psutil.Process(local.process.pid)
    listening = {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert re.fullmatch("[0-9a-f]{64}", local.model_digest)
    assert re.fullmatch(r"xllamacpp [\d.]+", local.engine)
    assert local.endpoint().version.split() == [local.model_digest, *local.engine.split()]


@needs_model
def test_a_killed_engine_is_an_error_and_no_pass() -> None:
    with serve() as running:
        endpoint = running.endpoint(max_tokens=4)
        assert endpoint.write(HELLO).error is None
        running.process.kill()
        running.process.wait()
        reply = endpoint.write(HELLO)
        assert reply.error.startswith("Nobody answers") and not is_right(TASK, reply)
        with pytest.raises(ModelError):
            endpoint.check()


HOLDS = """if True:
    from labsupport.evals.model.local import serve
    import sys, time
    with serve() as local:
        print(local.process.pid, flush=True)
        time.sleep(60)"""


@needs_model
@pytest.mark.posix_only("signals")
@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_engine_ends_with_whoever_started_it(ends: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        engine = psutil.Process(int(holder.stdout.readline()))
        holder.send_signal(ends)
        holder.wait(30)
        assert psutil.wait_procs([engine], timeout=30)[1] == []
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@needs_model
def test_weights_that_are_broken_are_one_sentence(monkeypatch, tmp_path: Path) -> None:
    from labsupport.evals.model import local as module

    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    monkeypatch.setattr(module, "weights", lambda: broken)
    with pytest.raises(ModelError, match=r"^The model's engine did not start: \S.*"), serve():
        pass


@needs_model
def test_an_engine_that_does_not_come_up_is_ended(monkeypatch) -> None:
    from labsupport.evals.model import local as module

    monkeypatch.setattr(module, "_START", 0.01)
    with pytest.raises(ModelError, match=r"took more than 0\.01 s"), serve():
        pass
