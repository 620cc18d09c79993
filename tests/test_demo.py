"""The demo: every step says what it is said to say; what is answered, what is refused, what is
recorded.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ops_work import until
from panel_lessons import ROOT
from refusals import refuses
from starlette.testclient import TestClient

from labsupport.cli import main
from labsupport.show.demo import page, record, server
from labsupport.show.demo.steps import SCRIPTS, Step
from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

EVERY_STEP = [(word, k) for word, script in SCRIPTS.items() for k in range(len(script.steps))]


def in_a_thread(test: Callable[[], Coroutine]) -> None:
    """Run it where no event loop runs: a browser that another test left open has one here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(test())).result()


def numbers(words: str) -> set[str]:
    return set(re.findall(r"(?<![a-z])\d[\d,]*(?:\.\d+)?", words))


@pytest.fixture(scope="module")
def frames() -> dict[str, Frames]:
    return {word: Frames(panel) for word, panel in PANELS.items()}


def test_every_panel_has_a_demo_of_its_lesson_and_a_lesson_has_its_panel():
    assert set(SCRIPTS) == set(PANELS)
    for word, script in SCRIPTS.items():
        assert (ROOT / "notebooks" / f"{script.lesson}.ipynb").is_file(), word
        assert len(script.steps) >= 3 and 5 <= script.minutes <= 20, word


@pytest.mark.parametrize(("word", "k"), EVERY_STEP)
def test_a_step_says_what_its_presenter_expects(frames, word, k):
    script, step = SCRIPTS[word], SCRIPTS[word].steps[k]
    frame = frames[word].frame(step.values(PANELS[word]))
    said = [
        verdict
        for verdict in script.verdicts
        if re.search(rf"(?<![\w.]){re.escape(verdict)}", frame.first.lower())  # as demo.js has it
    ]
    assert said == [step.expects]
    words = f"{frame.first} {frame.rest} {frame.alt}"
    shown = numbers(words) | {number.rstrip("0").rstrip(".") for number in numbers(words)}
    missing = numbers(step.happens) - shown - numbers(step.ask) - numbers(step.preset)
    assert not missing, f"not in what the panel says: {words}"


@pytest.mark.parametrize(("word", "k"), EVERY_STEP)
def test_a_question_has_the_numbers_that_the_panel_says_or_has_said(frames, word, k):
    steps = SCRIPTS[word].steps[: k + 1]
    shown = [frames[word].frame(step.values(PANELS[word])) for step in steps]
    controls = json.dumps(frames[word].declared)
    words = " ".join(f"{frame.first} {frame.rest} {frame.alt}" for frame in shown) + controls
    have = numbers(words) | {number.rstrip("0").rstrip(".") for number in numbers(words)}
    assert numbers(steps[-1].ask) <= have, words


def test_a_vote_has_a_choice_and_each_step_is_one_of_it():
    for word, script in SCRIPTS.items():
        assert 2 <= len(script.verdicts) <= 9, word  # a digit each
        assert script.verdicts == tuple(map(str.lower, script.verdicts)), word


def test_a_step_that_a_panel_cannot_take_is_refused():
    with pytest.raises(KeyError, match="no such preset"):
        Step("no such preset", "?", "block", "", 1).values(PANELS["gate"])


# ---- what a browser is answered ----


class _Here:
    """A Drawing that draws in this process."""

    async def ask(self, function, *arguments):
        return function(*arguments)

    def again(self) -> None:
        raise AssertionError("nothing was lost")

    def end(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def client():
    with TestClient(server.app(_Here())) as client:
        yield client


def test_the_list_has_all_panels_and_their_pages_ask_no_network(client):
    listed = client.get("/").text
    for word, script in SCRIPTS.items():
        assert f'href="{word}"' in listed and script.title in listed
    shown = client.get("/costs").text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", shown)
    assert SCRIPTS["costs"].steps[0].ask in shown


@pytest.mark.parametrize("label", PANELS["costs"].presets)
def test_a_preset_is_answered_with_the_frame_that_python_draws(client, frames, label):
    asked = {"at": {}, "request": {"ask": "press", "label": label}}
    told = client.post("/costs/frame", content=json.dumps(asked)).json()
    frame = frames["costs"].frame(PANELS["costs"].preset(label))
    assert told == frame.told
    assert base64.b64decode(told["src"].removeprefix("data:image/png;base64,")) == frame.picture


def test_a_move_goes_on_from_where_the_controls_stand(client):
    asked = {"at": {"catch_rate": 7}, "request": {"ask": "move", "at": {"check_minutes": 3}}}
    told = client.post("/costs/frame", content=json.dumps(asked)).json()
    assert told["at"]["catch_rate"] == 7 and told["at"]["check_minutes"] == 3


def test_presets_are_drawn_before_somebody_asks_and_once():
    asked = []

    class Noted(_Here):
        async def ask(self, function, *arguments):
            asked.append(arguments)
            return await super().ask(function, *arguments)

    labels = list(PANELS["costs"].presets)
    with TestClient(server.app(Noted())) as client:
        for _ in range(2):
            assert client.get("/costs").status_code == 200
        until = time.monotonic() + 60
        while len(asked) < 2 + len(labels) and time.monotonic() < until:
            time.sleep(0.01)
    assert [words[1] for words in asked if len(words) == 2] == labels


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/nothing/frame", '{"at": {}, "request": {"ask": "reset"}}'),
        ("/costs/frame", ""),
        ("/costs/frame", "[]"),
        ("/costs/frame", '{"at": {}}'),
        ("/costs/frame", '{"at": {"catch_rate": 1e9}, "request": {"ask": "reset"}}'),
        ("/costs/frame", '{"at": 3, "request": {"ask": "reset"}}'),
        ("/costs/frame", '{"at": {}, "request": {"ask": "jump"}}'),
        ("/costs/frame", '{"at": {}, "request": 5}'),
        ("/costs/frame", "[" * 9000),
        ("/costs/frame", '{"at": {"' + "x" * 20_000 + '": 1}}'),
    ],
)
def test_what_is_not_understood_is_a_sentence(client, path, content):
    answer = client.post(path, content=content)
    assert answer.status_code == 400 and len(answer.text) < 300


def test_a_panel_that_is_not_there_is_named_with_those_that_are(client):
    answer = client.get("/nothing")
    assert answer.status_code == 404 and "gate" in answer.text


# ---- the process that draws ----


def test_a_process_that_was_killed_is_missed_and_comes_back():
    in_a_thread(_killed)


async def _killed() -> None:
    drawing = server.Drawing()
    try:
        first = await drawing.ask(os.getpid)
        os.kill(first, signal.SIGKILL)
        with refuses(ConnectionError, "is gone"):
            await drawing.ask(os.getpid)
        drawing.again()
        assert await drawing.ask(os.getpid) != first
    finally:
        drawing.end()


def test_a_process_that_hangs_is_missed_and_ended(monkeypatch):
    monkeypatch.setattr(server, "LIMIT", 0.5)
    in_a_thread(_hangs)


async def _hangs() -> None:
    drawing = server.Drawing()
    try:
        with refuses(ConnectionError, "is gone"):
            await drawing.ask(time.sleep, 60)
    finally:
        begun = time.monotonic()
        drawing.end()
    assert time.monotonic() - begun < 30


class Remembers:
    """A Drawing that only writes down what it is asked to draw ahead."""

    def __init__(self) -> None:
        self.ahead, self.begun = [], 1

    async def ask(self, function, *arguments) -> str:
        self.ahead += [arguments] * (function is server._keep)
        return ""

    def again(self) -> None:
        self.ahead, self.begun = [], self.begun + 1

    def end(self) -> None:
        self.begun = 0


def test_presets_are_drawn_ahead_and_again_by_a_new_process_for_the_page_that_is_up():
    drawing = Remembers()
    ahead = {word: [(word, label) for label in PANELS[word].presets] for word in PANELS}
    with TestClient(server.app(drawing)) as client:
        for word in ("costs", "gate", "gate"):
            client.get(f"/{word}")
        until(lambda: sorted(drawing.ahead) == sorted(ahead["costs"] + ahead["gate"]))
        client.post("/again")
        until(lambda: drawing.ahead == ahead["gate"])
        assert drawing.begun == 2
    assert drawing.begun == 0


# ---- pages that need nobody ----


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    return record.record("costs", tmp_path_factory.mktemp("recorded"), most=3)


def told_of(path: Path) -> dict:
    told = re.search(r'id="told">(.*?)</script>', path.read_text(encoding="utf-8"), re.S)[1]
    return json.loads(told)


def test_a_recorded_page_has_every_preset_and_the_sliders_around_it(recorded):
    told = told_of(recorded)
    names = [control["name"] for control in told["declared"]["controls"]]
    values = {control["name"]: len(control["said"]) for control in told["declared"]["controls"]}
    have = told["source"]["frames"]
    for at in (told["source"]["start"], *told["source"]["presets"].values()):
        for name in names:
            for k in range(values[name]):
                assert "-".join(str((at | {name: k})[one]) for one in names) in have
    assert set(told["source"]["presets"]) == set(PANELS["costs"].presets)


def test_a_recorded_frame_says_what_the_panel_says(recorded, frames):
    told = told_of(recorded)
    for label, at in told["source"]["presets"].items():
        shown = told["source"]["frames"]["-".join(map(str, at.values()))]
        frame = frames["costs"].frame(PANELS["costs"].preset(label))
        assert (shown["first"], shown["rest"], shown["alt"]) == (frame.first, frame.rest, frame.alt)
        for control in told["declared"]["controls"]:
            whole = next(
                one
                for one in frames["costs"].declared["controls"]
                if one["name"] == control["name"]
            )
            name = control["name"]
            assert control["said"][shown["at"][name]] == whole["said"][frame.at[name]]


def test_a_page_cannot_be_left_by_what_it_is_told(monkeypatch, frames):
    script = SCRIPTS["costs"]
    monkeypatch.setitem(
        page.SCRIPTS, "costs", type(script)(**vars(script) | {"title": "</script><b>x"})
    )
    shown = page.page("costs", frames["costs"], {"kind": "served"})
    assert shown.count("</script>") == 2 and "<title>&lt;/script&gt;" in shown


# ---- the command ----


@pytest.mark.parametrize("asked", ["77", "01xyz", "gates"])
def test_an_unknown_panel_is_named_with_the_known_ones(asked, capsys):
    assert main(["demo", asked]) == 64
    assert "gate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("", ""),
        ("01", "gate"),
        ("Gate", "gate"),
        ("02_confidence_intervals", "intervals"),
        ("notebooks/05_fail_fast.ipynb", "costs"),
    ],
)
def test_a_panel_is_asked_for_by_number_word_or_notebook(asked, word, monkeypatch):
    served = []
    monkeypatch.setattr(server, "serve", lambda word, *_: served.append(word) or 0)
    assert main(["demo", asked, "--no-browser"]) == 0
    assert served == [word]


def test_a_port_that_is_taken_is_said(monkeypatch, capsys):
    monkeypatch.setattr(server.uvicorn.Server, "run", lambda self, sockets: None)
    monkeypatch.setattr(server, "app", lambda drawing: None)
    monkeypatch.setattr(server, "Drawing", lambda: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert server.serve("gate", port, browser=False) == 0
    said = capsys.readouterr().out
    assert f" (something else listens on port {port})\n" in said
    assert f":{port}/" not in said


def test_a_frame_is_sent_without_waiting_for_the_browser_to_confirm_its_head():
    """asyncio turns Nagle's algorithm off, but only on a socket that says that it is TCP."""

    async def sends_at_once() -> None:
        came = asyncio.get_running_loop().create_future()
        listening = server._free(0)
        serving = await asyncio.start_server(lambda _, w: came.set_result(w), sock=listening)
        async with serving:
            _, client = await asyncio.open_connection(*listening.getsockname())
            sender = await came
            connection = sender.get_extra_info("socket")
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            client.close()
            sender.close()

    in_a_thread(sends_at_once)


def test_pages_are_recorded_into_a_folder_only(tmp_path, capsys):
    (tmp_path / "a file").write_text("mine")
    assert main(["demo", "05", "--record", str(tmp_path / "a file")]) == 64
    assert "a file is a file; --record writes into a folder." in capsys.readouterr().err
    assert (tmp_path / "a file").read_text() == "mine"


@pytest.mark.slow
def test_one_panel_is_recorded_with_a_list(tmp_path, capsys):
    assert main(["demo", "05", "--record", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "costs.html",
        "index.html",
    ]
    assert "index.html" in capsys.readouterr().out
