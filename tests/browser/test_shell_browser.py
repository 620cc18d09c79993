"""The shell of a panel in JupyterLab: keys, readers of screens, drags, widths, a kernel that is
gone, a notebook that is opened again. One small panel serves for all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_lab import JupyterLab, menu, opened, ran, served, write
from playwright.sync_api import Browser, Locator, Page, expect

TINY = "notebooks/tiny.ipynb"
GONE = "The kernel is not running: run this cell again."
STEPS = 30
# A view that counts how often it was called, is slow where x is above 90, and raises where it is 0.
SOURCE = """
import itertools, time, types
from labsupport.show.controls import Choice, Panel, Slider, Switch

drawn = itertools.count(1)

def view(x=50, size=1000, name="one", on=False, pause=0):
    if x == 0:
        raise ValueError("0 is too little")
    time.sleep(1.2 if x > 90 else pause / 1000)
    said = f"x is {x}. Rows {size}, {name}, {on}, drawing {next(drawn)}."
    return types.SimpleNamespace(x=x, sentence=said)

def plot(fig, view):
    ax = fig.frame(None, fig.add_subplot)
    ax.text(0.1, 0.5, view.sentence)
    return f"A picture of {view.x} percent."

controls = (
    Slider("x", "how much", "percentage points", 0, 100, 1),
    Choice("size", "rows in all", (10, 1000, 100_000), form="{:,}", unit="rows"),
    Choice("name", "which one", ("one", "two", "three")),
    Switch("on", "only with two", only={"name": ("two",)}),
    Slider("pause", "pause", "ms", 0, 300, 1),
)
Panel(view, plot, controls, {"start": {}, "two": {"name": "two"}}, {"on by 5": {"x": 5}}).live()
"""


@pytest.fixture(scope="module")
def tiny(page: Page, jupyterlab: JupyterLab) -> Iterator[Locator]:
    """The small panel, live, in a notebook of its own."""
    write(jupyterlab.root / TINY, SOURCE)
    panel = ran(page, jupyterlab, TINY).first
    says(panel, "x is 50.")
    menu(page, "File", "Save Notebook")  # tests load the page anew
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    yield panel
    page.goto("about:blank")
    jupyterlab.end_kernels()


@pytest.fixture
def panel(tiny: Locator) -> Locator:
    """The same, as it stands at first."""
    tiny.page.set_viewport_size({"width": 1400, "height": 900})
    tiny.get_by_role("button", name="Reset", exact=True).click()
    says(tiny, "x is 50. Rows 1000, one, False,")
    return tiny


def says(panel: Locator, words: str) -> None:
    expect(panel.locator(".lab-said")).to_contain_text(words)


def slider(panel: Locator, name: str = "how much") -> Locator:
    return panel.get_by_role("slider", name=name, exact=True)


# ---- keys ----


def test_tab_goes_through_the_controls_and_keys_move_them(panel, page):
    panel.get_by_role("button", name="Reset", exact=True).focus()
    page.keyboard.press("Tab")
    expect(slider(panel)).to_be_focused()
    for key, value in {"ArrowRight": 51, "ArrowDown": 50, "Home": 0, "End": 100}.items():
        page.keyboard.press(key)
        expect(slider(panel)).to_have_attribute("aria-valuetext", f"{value} percentage points")
    page.keyboard.press("Tab")
    expect(slider(panel, "rows in all")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(slider(panel, "rows in all")).to_have_attribute("aria-valuetext", "100,000 rows")
    page.keyboard.press("Tab")
    group = panel.get_by_role("group", name="which one")
    expect(group.get_by_role("radio", name="one")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(group.get_by_role("radio", name="two")).to_be_checked()
    switch = panel.get_by_role("checkbox", name="only with two")
    expect(switch).to_be_enabled()
    page.keyboard.press("Tab")
    expect(switch).to_be_focused()
    page.keyboard.press("Space")
    says(panel, "x is 100. Rows 100000, two, True,")


def test_what_changes_nothing_is_disabled(panel):
    switch = panel.get_by_role("checkbox", name="only with two")
    expect(switch).to_be_disabled()
    panel.get_by_role("button", name="two", exact=True).click()
    expect(switch).to_be_enabled()


def test_keys_inside_a_panel_reach_no_cell(panel, page):
    cells = page.locator(".jp-Notebook .jp-Cell")
    scrolled = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"
    places = [
        panel.get_by_role("button", name="two", exact=True),
        slider(panel),
        panel.get_by_role("radio", name="two"),
        panel.get_by_role("checkbox", name="only with two"),
    ]
    panel.get_by_role("button", name="two", exact=True).click()
    expect(places[-1]).to_be_enabled()
    for place in places:
        place.focus()
        before = page.evaluate(scrolled)
        for key in ("a", "b", "d", "d", "x", "m", "ArrowDown", "ArrowUp", "j", "Delete", "Escape"):
            page.keyboard.press(key)
        page.wait_for_timeout(150)
        expect(cells).to_have_count(2)
        assert page.evaluate(scrolled) == before
    # The control: with the focus on the cell itself the same key inserts one, and `d d` deletes it.
    page.locator(".cm-content").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    expect(cells).to_have_count(3)
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(cells).to_have_count(2)


# ---- what is drawn when ----


def test_a_drag_leaves_no_queue(panel, page):
    """30 steps in a second, of a view that takes 0.3 seconds: queued, that would be 30 drawings.

    So slow a view is not drawn ahead either.
    """
    slider(panel, "pause").fill("300")
    page.wait_for_timeout(3000)  # frames beside the pause are drawn ahead, until they are slow
    box = slider(panel).bounding_box()
    # The centre of the thumb goes from half a thumb to half a thumb before the end.
    x, y, step = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 110
    before = drawings(panel)
    page.mouse.move(x, y)
    page.mouse.down()
    for _ in range(STEPS):
        x += step
        page.mouse.move(x, y)
        page.wait_for_timeout(20)
    page.mouse.up()
    at = int(slider(panel).input_value())
    assert 50 < at <= 90
    says(panel, f"x is {at}. ")
    expect(panel.locator("img")).to_have_attribute("alt", f"A picture of {at} percent.")
    assert 2 <= drawings(panel) - before < STEPS / 1.5


def drawings(panel: Locator) -> int:
    return int(panel.locator(".lab-said").inner_text().rsplit(" ", 1)[1].rstrip("."))


def test_beside_the_slider_in_hand_frames_are_drawn_ahead_and_shown_without_the_kernel(panel, page):
    slider(panel).focus()
    page.keyboard.press("ArrowRight")
    says(panel, "x is 51.")
    before = drawings(panel)
    page.wait_for_timeout(3000)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    says(panel, "x is 55.")
    assert before < drawings(panel) <= before + 30, "drawn in the meantime, and but once"
    at_once = panel.evaluate("""panel => {
        const input = panel.querySelector("input[name=x]"), said = panel.querySelector(".lab-said");
        input.value = 52;
        input.dispatchEvent(new Event("input"));
        return said.innerText; // no message can have come back in between
    }""")
    assert at_once.startswith("x is 52.")
    says(panel, "x is 52.")


def test_what_a_hand_reaches_next_is_decoded_before_and_no_picture_is_held_for_ever(panel, page):
    slider(panel).focus()
    page.keyboard.press("ArrowRight")
    says(panel, "x is 51.")
    page.wait_for_timeout(3000)
    page.evaluate("""() => {
        const decode = HTMLImageElement.prototype.decode;
        window.decoded = [];
        HTMLImageElement.prototype.decode = function () {
            window.decoded.push(new WeakRef(this));
            return decode.call(this);
        };
    }""")
    held = "window.decoded.map(one => one.deref()?.src).filter(Boolean)"
    image = panel.locator("img")
    before = image.get_attribute("src")
    page.keyboard.press("ArrowRight")
    says(panel, "x is 52.")
    expect(image).not_to_have_attribute("src", before)
    assert image.get_attribute("src") not in page.evaluate(held)
    for _ in range(40):  # over many that are known, and to and fro
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
    says(panel, "x is 92.")
    page.wait_for_timeout(3000)
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert len(page.evaluate("window.decoded")) > 8
    assert len(page.evaluate(held)) <= 8


def test_a_redraw_that_takes_its_time_says_so(panel, page):
    busy = panel.get_by_text("Drawing …")
    slider(panel, "rows in all").press("Home")  # a setting that no test has seen, so none has kept
    says(panel, "x is 50. Rows 10,")
    slider(panel).focus()
    page.keyboard.press("End")
    expect(busy).to_be_visible()
    expect(panel.get_by_role("figure")).to_have_attribute("aria-busy", "true")
    says(panel, "x is 100.")
    expect(busy).to_be_hidden()


def test_a_sentence_is_read_out_when_the_moves_are_over(panel, page):
    status = panel.get_by_role("status")
    expect(status).to_have_text("")
    page.wait_for_timeout(1000)
    expect(status).to_have_text("")  # nobody has moved anything
    place = status.element_handle()
    slider(panel).focus()
    page.keyboard.press("ArrowRight")
    says(panel, "x is 51.")
    expect(status).to_have_text("")
    expect(status).to_have_text(panel.locator(".lab-said").inner_text())
    expect(status).to_have_text("")  # whoever reads the page on comes to the sentence once
    assert place.evaluate("e => e.isConnected"), "it is the same place"


def test_a_view_that_raises_says_so_and_the_next_move_goes_on(panel, page):
    slider(panel).focus()
    page.keyboard.press("Home")
    says(panel, "This setting cannot be shown. 0 is too little")
    expect(panel.locator("img")).to_have_attribute("alt", "A picture of 50 percent.")
    page.keyboard.press("ArrowRight")
    says(panel, "x is 1.")


# ---- what it looks like ----


@pytest.mark.slow
def test_axe_finds_nothing_serious_in_light_and_dark(panel, page, jupyterlab):
    body = page.locator("body")
    for theme, light in (("Dark", "false"), ("Light", "true")):
        jupyterlab.theme(f"JupyterLab {theme}")
        opened(page, jupyterlab, TINY)
        expect(body).to_have_attribute("data-jp-theme-light", light)
        slider(panel).wait_for()
        found = Axe().run(page, ".lab-panel").response["violations"]
        assert not found, [(each["id"], each["impact"]) for each in found]


@pytest.mark.parametrize(("width", "beside"), [(1400, True), (960, True), (500, False)])
def test_picture_and_controls_stand_side_by_side_where_there_is_room(panel, page, width, beside):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)
    image, moving = panel.locator("img").bounding_box(), slider(panel).bounding_box()
    assert (moving["x"] >= image["x"] + image["width"]) == beside
    assert (moving["y"] >= image["y"] + image["height"]) != beside
    fits = "e => e.scrollWidth <= e.clientWidth && e.closest('.jp-OutputArea-output').scrollWidth"
    assert panel.evaluate(fits)
    if beside:
        # A step of a slider with 101 values is at least a pixel wide; one with more has buttons.
        assert moving["width"] >= 100


def test_a_slider_of_very_many_values_has_a_button_for_a_step(panel):
    panel.get_by_role("button", name="pause: one step on").click()
    expect(slider(panel, "pause")).to_have_attribute("aria-valuetext", "1 ms")


def test_what_follows_a_panel_stays_where_it_is(panel, page):
    after = page.locator(".jp-Cell").nth(1)
    slider(panel).focus()
    page.keyboard.press("ArrowRight")
    says(panel, "x is 51.")
    before = after.bounding_box()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    says(panel, "x is 54.")
    assert after.bounding_box() == before


# ---- without its kernel ----


def test_a_reloaded_page_has_the_panel_as_it_stood_and_moves_it(panel, page, jupyterlab):
    panel.get_by_role("button", name="on by 5").click()
    says(panel, "x is 55.")
    opened(page, jupyterlab, TINY)
    says(panel, "x is 55.")
    panel.get_by_role("button", name="on by 5").click()
    says(panel, "x is 60.")


def test_a_kernel_that_is_gone_is_a_sentence_and_the_picture_stays(panel, page):
    menu(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(panel.get_by_role("alert")).to_have_text(GONE)
    expect(slider(panel)).to_be_disabled()
    expect(panel.get_by_role("button", name="Reset", exact=True)).to_be_disabled()
    assert panel.locator("img").evaluate("image => image.naturalWidth") > 600
    says(panel, "x is 50.")
    menu(page, "Run", "Run All Cells")
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(slider(panel)).to_be_enabled()


BY_HAND = ("-m", "jupyterlab", "--no-browser", "--port={port}", "--ServerApp.root_dir={root}")
BY_HAND += ("--ServerApp.allow_root=True",)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """JupyterLab as somebody starts it who does not use `lab open`."""
    yield from served(tmp_path_factory.mktemp("by hand"), BY_HAND)


@pytest.mark.slow
@pytest.mark.parametrize("start", ["jupyterlab", "by_hand"])
def test_a_notebook_that_is_opened_again_shows_the_panel_as_it_stood(
    start, request, browser: Browser
):
    lab = request.getfixturevalue(start)
    write(lab.root / TINY, SOURCE)
    page = browser.new_page()
    panel = ran(page, lab, TINY).first
    still = page.locator(".lab-still")
    expect(still).to_be_hidden()
    panel.get_by_role("button", name="on by 5").click()
    expect(still).to_contain_text("x is 55.")
    menu(page, "File", "Save Notebook")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    page.close()
    lab.end_kernels()
    page = browser.new_page()
    opened(page, lab, TINY)
    still = page.locator(".lab-still")
    expect(still).to_contain_text("x is 55. Rows 1000, one, False,")
    expect(still).to_contain_text("Run this cell to move it.")
    image = still.get_by_role("img")
    expect(image).to_have_attribute("alt", "A picture of 55 percent.")
    assert image.evaluate("image => image.naturalWidth") > 600
    lost = page.get_by_text("model not found")
    lost.wait_for(state="attached", timeout=20_000)
    expect(lost).to_be_hidden()
    stored = json.loads((lab.root / TINY).read_text(encoding="utf-8"))
    assert "widgets" not in stored["metadata"]
    page.close()
    lab.end_kernels()
