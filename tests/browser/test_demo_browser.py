"""Demo mode in a browser: `lab demo` as a room sees it, its process killed under it, and the pages
that need nobody.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from slow import some_slow

from labsupport.show.demo import record
from labsupport.show.demo.steps import SCRIPTS
from labsupport.show.panels import PANELS

WORD = "costs"
PRESETS, STEPS = list(PANELS[WORD].presets), SCRIPTS[WORD].steps
LONG = 60_000  # milliseconds, for a process that begins on a busy machine


@pytest.fixture
def room(browser: Browser) -> Iterator[Page]:
    """A page that fails its test when the console has an error, or the page asks another host."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(LONG)
    bad: list[str] = []
    page.on("console", lambda said: bad.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: bad.append(str(error)))
    page.on("request", lambda r: None if _own(r.url) else bad.append(r.url))
    yield page
    page.close()
    assert not [one for one in bad if "503" not in one], bad


def _own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))


def says(page: Page, words: str) -> None:
    expect(page.locator(".lab-said")).to_contain_text(words, timeout=LONG)


def test_the_room_predicts_and_then_sees_by_keys_alone(room, demo):
    room.goto(f"{demo[0]}{WORD}?light", timeout=LONG)
    says(room, "Checks first pay")
    question = room.locator(".demo-asked").element_handle()
    room.keyboard.press("p")
    room.keyboard.press("n")
    room.keyboard.press("n")
    vote, picture = room.get_by_role("region", name="The vote"), room.locator(".lab-picture img")
    expect(vote.get_by_role("status")).to_have_text(STEPS[1].ask)
    assert question.evaluate("e => e.isConnected"), "a screen reader hears what changes in place"
    expect(picture).to_be_hidden()
    expect(room.locator(".lab-said")).to_be_hidden()
    for key in "1122298":
        room.keyboard.press(key)
    room.keyboard.press("Backspace")
    expect(vote.get_by_role("row").nth(0)).to_contain_text("2")
    expect(vote.get_by_role("row").nth(1)).to_contain_text("2")
    says(room, "Checks first do not pay")  # it is there, and nobody sees it
    heard = room.locator(".lab-heard")
    expect(heard).to_be_hidden()
    expect(heard).to_have_text("")
    room.keyboard.press("r")
    expect(heard).to_contain_text("Checks first do not pay")
    expect(vote).to_be_hidden()
    expect(picture).to_be_visible()
    expect(room.locator(".demo-tally .said")).to_have_text("checks first do not pay ✓ 2")


@pytest.mark.parametrize("label", PRESETS)
def test_a_preset_is_reached_by_address(room, demo, label):
    room.goto(f"{demo[0]}{WORD}?preset={label}", timeout=LONG)
    says(room, PANELS[WORD].view(**PANELS[WORD].preset(label)).sentence[:60])


def test_a_drag_waits_for_no_frame_that_is_drawn_ahead(room, demo):
    """It leaps over values, so it will not be beside where it is; when it rests, it may."""
    room.goto(f"{demo[0]}{WORD}", timeout=LONG)
    says(room, "Checks first pay")
    waits = room.evaluate("""async () => {
        const input = document.querySelector("[name=catch_rate]"), ask = window.fetch, waits = [];
        const first = Number(input.value);
        let moved, answered;
        window.fetch = (...request) => {
            const ahead = JSON.parse(request[1].body).request.ask === "ahead";
            if (ahead) waits.push(performance.now() - moved);
            const reply = ask(...request);
            if (!ahead) answered = reply;
            return reply;
        };
        for (let leap = 1; leap <= 10; leap++) {
            input.value = first + 9 * leap;
            moved = performance.now();
            input.dispatchEvent(new Event("input"));
            await answered;
            await new Promise(then => setTimeout(then, 60)); // time to ask for another
        }
        while (waits.length < 5) await new Promise(then => setTimeout(then, 60));
        return waits;
    }""")
    assert min(waits) > 115


def test_a_slider_moves_by_keys_and_reset_brings_it_back(room, demo):
    room.goto(f"{demo[0]}{WORD}", timeout=LONG)
    says(room, "Checks first pay: 390.00")
    before = room.locator(".lab-picture img").get_attribute("src")
    room.locator("[name=catch_rate]").focus()
    room.keyboard.press("Home")
    says(room, "Checks first do not pay")
    assert room.locator(".lab-picture img").get_attribute("src") != before
    room.get_by_role("button", name="Reset", exact=True).press("Enter")
    says(room, "Checks first pay: 390.00")


def test_when_what_draws_is_killed_the_page_says_so_and_one_key_brings_it_back(room, demo):
    address, process = demo
    room.goto(f"{address}{WORD}", timeout=LONG)
    says(room, "Checks first pay: 390.00")
    _kill_children(process)
    room.locator("[name=check_minutes]").focus()
    room.keyboard.press("End")
    gone = room.get_by_role("alert").filter(has_text="What draws this panel is gone")
    expect(gone).to_be_visible(timeout=LONG)
    room.keyboard.press("r")
    expect(gone).to_be_hidden(timeout=LONG)
    says(room, "Checks first do not pay")


def _kill_children(process: subprocess.Popen) -> None:
    """Kill the process that draws; what Python starts beside it does not matter."""
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    for child in children:
        if "resource_tracker" not in " ".join(child.cmdline()):
            child.kill()


def test_the_presenters_page_shows_a_step_to_the_room_and_reveals_it(browser, demo):
    with browser.new_context() as both:
        shown, notes = both.new_page(), both.new_page()
        shown.goto(f"{demo[0]}{WORD}?predict", timeout=LONG)
        notes.goto(f"{demo[0]}{WORD}?presenter", timeout=LONG)
        last = notes.get_by_role("listitem").filter(has_text=STEPS[2].ask)
        expect(last).to_contain_text(STEPS[2].happens)
        last.get_by_role("button", name="Show it to the room").click()
        expect(shown.get_by_role("region", name="The vote")).to_contain_text(STEPS[2].ask)
        expect(last).to_have_attribute("aria-current", "step")
        last.get_by_role("button", name="Reveal").click()
        says(shown, "Checks first do not pay: 504.00")
        expect(shown.locator(".lab-picture img")).to_be_visible()


@pytest.mark.parametrize("look", some_slow(["light", "dark"], lambda look: look == "dark"))
@pytest.mark.parametrize(
    "which",
    some_slow(["predict", "presenter", "preset=Few catches"], lambda which: which == "predict"),
)
def test_axe_finds_nothing_serious(room, demo, look, which):
    room.goto(f"{demo[0]}{WORD}?{look}&{which}", timeout=LONG)
    room.locator("h1").wait_for()
    found = Axe().run(room).response["violations"]
    assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")], found


def test_a_verdict_is_ticked_only_where_the_panel_says_it_and_follows_it(room, demo):
    room.goto(f"{demo[0]}slices?predict&step=2", timeout=LONG)
    room.keyboard.press("1")
    room.keyboard.press("r")
    tally = room.locator(".demo-tally")
    expect(tally).to_have_text("Hands: 5% false alarms 1, 41% false alarms ✓ 0", timeout=LONG)
    room.get_by_role("slider", name="slices", exact=True).focus()
    for _ in range(4):
        room.keyboard.press("ArrowLeft")
    says(room, "25% false alarms")  # in which "5% false alarms" stands
    expect(tally).to_have_text("Hands: 5% false alarms 1")


def test_what_is_revealed_is_what_was_asked_for(room, demo):
    """R before the frame has come: the vote stays open until it is there."""
    room.goto(f"{demo[0]}{WORD}?predict&step=1", timeout=LONG)
    room.keyboard.press("r")
    expect(room.locator(".demo-tally .said")).to_have_text("checks first pay ✓ 0", timeout=LONG)
    room.route("**/frame", lambda route: (room.wait_for_timeout(500), route.continue_()))
    room.keyboard.press("n")
    room.keyboard.press("r")
    expect(room.get_by_role("region", name="The vote")).to_be_visible()
    expect(room.locator(".demo-tally .said")).to_have_text("checks first do not pay ✓ 0")
    room.unroute_all(behavior="ignoreErrors")


def test_nothing_moves_when_the_vote_ends(room, demo):
    room.goto(f"{demo[0]}{WORD}?predict&step=2", timeout=LONG)
    says(room, "Checks first do not pay")
    before = room.locator(".lab-body").bounding_box()
    room.keyboard.press("1")
    room.keyboard.press("r")
    expect(room.locator(".lab-picture img")).to_be_visible()
    assert room.locator(".lab-body").bounding_box()["y"] == before["y"]


def test_a_page_that_is_loaded_again_is_where_it_was(room, demo):
    room.goto(f"{demo[0]}{WORD}?predict", timeout=LONG)
    for key in ("PageDown", "n"):
        room.keyboard.press(key)
    expect(room.locator(".demo-where")).to_have_text(f"step 2 of {len(STEPS)}")
    room.reload(timeout=LONG)
    expect(room.get_by_role("region", name="The vote")).to_contain_text(STEPS[1].ask)
    expect(room.locator(".demo-where")).to_have_text(f"step 2 of {len(STEPS)}")


@pytest.mark.parametrize(
    ("which", "words"),
    [("step=99", 'no step "99": 1 to'), ("step=x", 'no step "x"'), ("preset=x", 'no preset "x"')],
)
def test_what_an_address_asks_for_in_vain_is_said(room, demo, which, words):
    room.goto(f"{demo[0]}{WORD}?{which}", timeout=LONG)
    expect(room.get_by_role("status").filter(has_text=words)).to_be_visible(timeout=LONG)


def test_a_hand_is_counted_by_a_button_that_keeps_the_focus_and_p_loses_none(room, demo):
    room.goto(f"{demo[0]}{WORD}?predict&step=1", timeout=LONG)
    first = room.get_by_role("button", name="One hand for checks first pay")
    first.focus()
    for _ in range(2):
        room.keyboard.press("Enter")
    for key in "pp":
        room.keyboard.press(key)
    vote = room.get_by_role("region", name="The vote")
    expect(vote.get_by_role("row").nth(0).locator(".hands")).to_have_text("2")


def test_the_verdict_is_on_the_first_screen_of_a_projector(room, demo):
    for word in ("gate", WORD):
        room.goto(f"{demo[0]}{word}", timeout=LONG)
        room.locator(".lab-said b").wait_for()
        room.locator(".lab-picture img[src]").wait_for()
        # It is said anew when it has settled: asked in one go.
        ends = "said => said.querySelector('b').getBoundingClientRect().bottom"
        assert 0 < room.locator(".lab-said").evaluate(ends) <= 720, word


# ---- a page that needs nobody ----


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    return record.record(WORD, tmp_path_factory.mktemp("recorded"), most=3)


@pytest.mark.slow
def test_a_recorded_page_moves_from_a_disk_without_a_kernel(room, recorded):
    room.goto(recorded.as_uri())
    says(room, "Checks first pay: 390.00")
    for label in PRESETS:
        room.get_by_role("button", name=label, exact=True).click()
        says(room, PANELS[WORD].view(**PANELS[WORD].preset(label)).sentence[:60])
    room.get_by_role("button", name="Reset", exact=True).click()
    says(room, "Checks first pay: 390.00")
    for name, key in (("catch_rate", "Home"), ("check_minutes", "End")):
        before = room.locator(".lab-picture img").get_attribute("alt")
        room.locator(f"[name={name}]").focus()
        room.keyboard.press(key)
        expect(room.locator(".lab-picture img")).not_to_have_attribute("alt", before)
    room.keyboard.press("n")
    says(room, "Checks first pay: 390.00")
