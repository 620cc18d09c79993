"""The shell of a live panel: what it tells a browser, what it answers, what a notebook stores."""

from __future__ import annotations

import base64
import dataclasses
import html
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from flit_core.wheel import WheelBuilder
from panel_lessons import ROOT
from refusals import refuses

from labsupport.show import frames
from labsupport.show import panel as shell
from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.panel import LivePanel
from labsupport.show.panels import PANELS


@dataclasses.dataclass(frozen=True)
class _View:
    sentence: str


def _view(x: int = 1, size: int = 10, name: str = "one", on: bool = False) -> _View:
    if x > 5:
        raise ValueError(f"{x} is <too> much")
    return _View(f"x is {x}, {size}, {name}, {on}. All is <well>.")


def _plot(fig, view) -> str:
    fig.frame(None, fig.add_subplot).text(0, 0.5, view.sentence)
    return f"alt: {view.sentence}"


_CONTROLS = (
    Slider("x", "how much", "", 0, 9, 1),
    Choice("size", "rows", (10, 1000), form="{:,}", unit="rows"),
    Choice("name", "name", ("one", "two")),
    Switch("on", "on", only={"name": ("two",)}),
)


@pytest.fixture
def panel() -> LivePanel:
    return Panel(
        _view, _plot, _CONTROLS, {"two": {"x": 2}}, moves={"on": {"x": 1}}, size=(2, 2)
    ).live()


@pytest.fixture
def sent(panel, monkeypatch) -> list[dict]:
    """The messages that leave for a browser: {key: value} each."""
    messages = []
    own = panel.get_state

    def send_state(key=None):
        keys = {key} if isinstance(key, str) else key
        if keys:
            messages.append(own(key=keys))

    monkeypatch.setattr(panel, "send_state", send_state)
    monkeypatch.setattr(panel, "_should_send_property", lambda key, value: _hold(panel, key))
    return messages


def _hold(panel: LivePanel, key: str) -> bool:
    """As with a live connection: outside of hold_sync a change is sent at once."""
    if panel._holding_sync:
        panel._states_to_send.add(key)
        return False
    return key in panel.keys


def ask(panel: LivePanel, turn: int = 1, **what) -> None:
    panel._heard(panel, what | {"page": "p", "turn": turn}, [])


def png_in(src: str) -> bytes:
    """The bytes that an image's address has in it."""
    return base64.b64decode(src.removeprefix("data:image/png;base64,"), validate=True)


# ---- what goes between Python and a browser ----


def test_a_move_is_answered_in_one_message_with_the_picture(panel, sent):
    ask(panel, ask="move", at={"x": 3, "size": 1})
    (message,) = sent
    assert message["shown"]["answers"] == ["p", 1]
    assert message["shown"]["at"] == {"x": 3, "size": 1, "name": 0, "on": 0}
    assert png_in(message["shown"]["src"]) == panel.picture
    assert message["shown"]["alt"] == panel.alt
    assert panel.values == {"x": 3, "size": 1000, "name": "one", "on": False}
    assert panel.sentence == "x is 3, 1000, one, False. All is <well>."


def test_a_move_to_where_it_stands_is_answered_and_not_drawn(panel, sent):
    ask(panel, ask="move", at={"x": 1}, turn=7)
    (message,) = sent
    assert message["shown"]["answers"] == ["p", 7]
    assert png_in(message["shown"]["src"]) == panel.picture and panel.redraws == 1
    assert panel.redraws == 1


def test_presses_and_reset_are_asked_by_name(panel, sent):
    for turn, what in enumerate(
        [{"ask": "press", "label": "two"}, {"ask": "press", "label": "on"}, {"ask": "reset"}]
    ):
        ask(panel, turn=turn, **what)
    assert [message["shown"]["at"]["x"] for message in sent] == [2, 3, 1]
    assert [message["shown"]["answers"][1] for message in sent] == [0, 1, 2]


def test_a_control_that_does_not_matter_is_named_as_such(panel):
    assert panel.shown["enabled"] == ["name", "size", "x"] and panel.controls["on"].disabled
    panel.controls["name"].value = "two"
    assert "on" in panel.shown["enabled"] and not panel.controls["on"].disabled


@pytest.mark.parametrize(
    ("step", "times", "said"),
    [(0.00025, 100, "0.725"), (0.05, 100, "1"), (0.5, 1, "0.0"), (1, 1, "0")],
)
def test_a_share_may_be_shown_in_percent(step, times, said):
    slider = Slider("x", "x", "%", 0, 1, step, times)
    assert slider.said(0.00725) == said and len(slider.values) == round(1 / step) + 1


def test_values_are_said_with_their_unit(panel):
    said = {control["name"]: control["said"] for control in panel.declared["controls"]}
    assert said["size"] == ["10 rows", "1,000 rows"]
    assert said["x"] == [str(x) for x in range(10)] and said["name"] == ["one", "two"]


def test_a_value_that_a_control_lacks_is_refused(panel):
    with refuses(ValueError, "'x' has no value 12; it has 10, from 0 to 9"):
        panel.controls["x"].value = 12
    with refuses(ValueError, "'name' has no value 'three'"):
        panel.set(x=2, name="three")
    assert panel.values["x"] == 1, "of several, all are set or none"


# ---- a view that raises ----


def test_a_view_that_raises_is_recorded_shown_and_raised_again(panel):
    picture = panel.picture
    with pytest.raises(ValueError, match="6 is <too> much"):
        panel.controls["x"].value = 6
    assert isinstance(panel.error, ValueError)
    assert panel.sentence == "This setting cannot be shown. 6 is <too> much"
    assert panel.picture == picture
    panel.buttons["two"].click()
    assert panel.error is None and "x is 2," in panel.sentence


def test_a_move_that_raises_is_answered_all_the_same(panel, sent):
    with pytest.raises(ValueError, match="6 is <too> much"):
        ask(panel, ask="move", at={"x": 6}, turn=3)
    (message,) = sent
    assert (
        message["shown"]["answers"] == ["p", 3] and "cannot be shown" in message["shown"]["first"]
    )


# ---- threads ----


def test_threads_that_move_a_panel_at_once_leave_a_whole_picture():
    """JupyterLab's messages come in another thread of the kernel than the one that runs cells."""
    panel, alone = PANELS["gate"].live(), PANELS["gate"].live()

    def move(label: str) -> None:
        for bias in (0.5, 1.5, 2.5):
            panel.buttons[label].click()
            panel.controls["bias"].value = bias

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(move, label) for label in list(panel.buttons)[::2]]:
            done.result()
    for one in (panel, alone):
        one.buttons["C honest"].click()
    assert panel.picture == alone.picture


# ---- what a notebook stores ----


@pytest.fixture
def displayed(monkeypatch) -> list[tuple[dict, dict]]:
    calls = []
    monkeypatch.setattr(shell, "display", lambda bundle, **how: calls.append((bundle, how)))
    return calls


def test_a_panel_shows_how_it_stands_and_then_the_live_one(panel, displayed):
    panel._ipython_display_()
    (still, how), (live, _) = displayed
    assert how["display_id"] == panel.model_id and not how.get("update")
    assert set(still) == {"text/html", "image/png", "text/plain"}
    assert f'alt="{html.escape(panel.alt)}"' in still["text/html"]
    assert "All is &lt;well&gt;." in still["text/html"]
    assert f"lab-still-{panel.stored_as}" in still["text/html"]
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id


def test_what_is_stored_follows_when_a_move_has_settled(panel, displayed):
    ask(panel, ask="still")
    assert displayed == [], "nothing is stored of a panel that no cell has shown"
    panel._ipython_display_()
    ask(panel, ask="still")
    assert len(displayed) == 2, "nothing has changed"
    panel.set(x=4)
    ask(panel, ask="still")
    bundle, how = displayed[-1]
    assert how["update"] and how["display_id"] == panel.model_id
    assert "x is 4," in bundle["text/html"]


# ---- what is installed ----


def test_the_front_end_is_in_the_wheel(tmp_path):
    with (tmp_path / "built.whl").open("wb+") as file:
        WheelBuilder.from_ini_path(ROOT / "pyproject.toml", file).build()
        names = zipfile.ZipFile(file).namelist()
    assert {"labsupport/show/panel.js", "labsupport/show/panel.css"} <= set(names)


def test_the_front_end_asks_nothing_of_a_network():
    for name in ("panel.js", "panel.css"):
        text = (ROOT / "labsupport/show" / name).read_text(encoding="utf-8")
        assert "import" not in text and "http" not in text and "url(" not in text


# ---- frames that are asked for ahead ----


def test_a_frame_asked_for_ahead_moves_nothing_and_is_drawn_once(panel, monkeypatch):
    told = []
    monkeypatch.setattr(panel, "send", told.append)
    at = {"x": 4, "size": 0, "name": 0, "on": 0}
    ask(panel, ask="ahead", at=at, turn=9)
    (content,) = told
    assert content["at"] == at and content["answers"] == ["p", 9] and content["whole"]
    assert panel.values["x"] == 1 and panel.redraws == 1
    ask(panel, ask="move", at=at)
    assert panel.picture == png_in(content["src"]) and panel.shown["alt"] == content["alt"]


def test_what_cannot_be_shown_ahead_is_said_and_raises_nothing(panel, monkeypatch):
    told = []
    monkeypatch.setattr(panel, "send", told.append)
    ask(panel, ask="ahead", at={"x": 7})
    (content,) = told
    assert not {"src", "alt"} & content.keys() and not content["whole"]
    assert "7 is <too> much" in content["rest"]
    assert panel.error is None and "x is 1" in panel.sentence


def test_only_the_newest_frames_are_kept(monkeypatch):
    monkeypatch.setattr(frames, "KEPT", 3)
    mine = frames.Frames(Panel(_view, _plot, _CONTROLS, {}, size=(2, 2)))
    drawn = [mine.frame(mine.values({"x": x})) for x in (0, 1, 2, 0, 3)]
    assert drawn[3] is drawn[0]
    assert mine.frame(mine.values({"x": 0})) is drawn[0]
    assert mine.frame(mine.values({"x": 1})) is not drawn[1]
    assert mine.frame(mine.values({"x": 1})).picture == drawn[1].picture


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ({"y": 1}, "no control 'y'"),
        ({"x": 10}, "positions 0 to 9, not 10"),
        ({"x": "1"}, "not '1'"),
        ({"x": -1}, "not -1"),
        ({"on": True}, "not True"),
    ],
)
def test_a_position_that_is_none_is_refused(at, says):
    with refuses(ValueError, says):
        frames.Frames(Panel(_view, _plot, _CONTROLS, {}, size=(2, 2))).values(at)


def test_what_nobody_can_do_is_refused():
    mine = frames.Frames(Panel(_view, _plot, _CONTROLS, {"two": {"x": 2}}, size=(2, 2)))
    with refuses(ValueError, "'press' 'three'"):
        mine.asked(mine.panel.start, {"ask": "press", "label": "three"})
