"""The report renders as one table of the right shape, whatever a slice is called; nothing in it
pings, links or leads elsewhere. Two renderers of GitHub's Markdown judge it.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import mistune
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from labsupport.gate import Policy
from labsupport.ops import Compared, Policies, judge_compared, report_of
from labsupport.ops.verdicts import gaps
from labsupport.ops.verdicts.markdown import LONGEST_NAME, code, plain
from labsupport.ops.verdicts.report import FEW, MOST
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import compare_auc

HOSTILE = [
    *(
        "",
        " ",
        " a ",
        "-",
        "=",
        ":--:",
        "1. a",
        "a|b",
        "|",
        "||",
        r"\|",
        "\\",
        r"a\\|b",
        "`",
        "`x`",
    ),
    *(
        "``",
        "a\nb",
        "\n\n# x",
        "\r\n| a | b |\r\n|---|---|\n",
        "\t",
        "\x00",
        "\x1b[31m",
        "\u202eabc",
    ),
    *("\ud800", "\u2028", "@everyone", "@org/team", "a@b.cc", "#12", "o/r#1", "https://x.yz/a"),
    *("www.x.yz", "WWW.x.yz", "ftp://x.yz", "mailto:a@b.cc", "[a](http://x.yz)", "![a](b)", "[a]"),
    *("[^1]", "[^1]: x", "<b>", "</code>", "</details>", "<!--", "<script>alert(1)</script>"),
    *("<https://x.yz>", "&amp;", "&#124;", "&lt;b&gt;", "*a*", "**a**", "_a_", "a_b", "__a__"),
    *("~~a~~", "~a~", "$a$", "$$a$$", "{{a}}", "'", '"', "''", "age_group=A", "group=A", "größe=Ü"),
    *("x" * 10_000, "|" * 500, "\ud800" * 500),
]
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("|`\\*_~<>&@#[]()!$:/.w-=\n\r ab1\"'{}^"), max_size=12),
    st.text(max_size=12),
)
LIMITED = Policy(None, 0.2, 0.05, 0.9)


class Page(HTMLParser):
    """What a browser makes of a page: tables as rows of cells, tags, text outside of <code>."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[str] = []
        self.free, self.inside, self.cell = "", 0, False
        self.feed(markup)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.inside += tag == "code"
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.cell = self.cell or tag in ("td", "th")

    def handle_endtag(self, tag):
        self.inside -= tag == "code"
        self.cell = self.cell and tag not in ("td", "th")
        if tag == "code":
            self.free += " "

    def handle_data(self, data):
        if not self.inside:
            self.free += data
        if self.cell:
            self.tables[-1][-1][-1] += data


MISTUNE = mistune.create_markdown(
    escape=False,
    plugins=[
        "table",
        "strikethrough",
        "url",
        "task_lists",
        "footnotes",
        "math",
        "mark",
        "subscript",
    ],
)
MARKDOWN_IT = MarkdownIt("commonmark").enable(["table", "strikethrough"])
RENDERERS = [MISTUNE, MARKDOWN_IT.render]
TAGS = {
    "h2",
    "h3",
    "p",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "code",
    "ul",
    "li",
    "details",
    "summary",
}


def compared(names: list[str], auc: bool = False, notes: tuple[str, ...] = ()) -> Compared:
    rng = np.random.default_rng(len(names))
    y = np.tile([0, 1], 30)
    masks = {name: np.ones(60, bool) for name in names}
    scores = [0.3 * y + rng.random(60) for _ in range(2)]
    outcomes = PairedOutcomes.from_predictions(y, *((s > 0.6).astype(int) for s in scores), masks)
    area = compare_auc(y, *scores, masks) if auc else None
    return Compared(outcomes, area, "a" * 64, "b" * 64, "c" * 64, notes)


def page(report: str, render) -> Page:
    return Page(render(report.encode().decode()))


@pytest.mark.parametrize("render", RENDERERS, ids=["mistune", "markdown-it"])
@settings(deadline=None, max_examples=150)
@given(
    names=st.lists(NAMES, max_size=FEW, unique=True),
    auc=st.booleans(),
    notes=st.lists(NAMES, max_size=3),
)
@example(HOSTILE[:FEW], True, HOSTILE[-5:])
def test_the_report_is_one_table_of_the_right_shape_whatever_slices_are_called(
    render, names, auc, notes
) -> None:
    made = compared(names, auc, tuple(notes))
    policies = Policies(LIMITED, Policy(0.0, None, 0.1) if auc else None)
    report = report_of(made, judge_compared(made, policies), policies)
    shown = page(report, render)
    (table,) = shown.tables
    metrics = 2 if auc else 1
    assert [len(row) for row in table] == [7] * (1 + metrics * (1 + len(names)))
    assert set(shown.tags) <= TAGS
    assert not re.search(r"[@#]\w", shown.free)
    bullets = len(judge_compared(made, policies).checks) + 4 + len(notes)
    assert shown.tags.count("li") <= bullets
    assert shown.tags.count("h2") == 1 and shown.tags.count("h3") == 2
    for at, name in enumerate(names):
        if name.isprintable() and name == name.strip() and 0 < len(name) <= LONGEST_NAME:
            assert table[1 + metrics * (1 + at)][1] == name


@pytest.mark.parametrize("render", RENDERERS, ids=["mistune", "markdown-it"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(render, name) -> None:
    shown = Page(render(f"| a | b |\n|---|---|\n| {code(name)} | x {plain(name)} |\n"))
    ((_, row),) = shown.tables
    assert len(row) == 2 and row[0].strip()
    assert not re.search(r"www\.|://", code(name) + plain(name), re.IGNORECASE)  # GitHub's links
    if name.isprintable() and name == name.strip() and 0 < len(name) <= LONGEST_NAME:
        assert row == [name, f"x {name}"]


def test_the_renderers_break_on_names_that_are_not_escaped() -> None:
    # The control: without escaping, a table loses its last cell or is none at all, and pings.
    torn = "| a | b |\n|---|---|\n| x|y | z |\n| @team | <b>x</b> |\n"
    raw = Page(MISTUNE(torn))
    assert raw.tables == [] and "@team" in raw.free
    other = Page(MARKDOWN_IT.render(torn))
    assert other.tables[0][1] == ["x", "y"] and "@team" in other.free and "b" in other.tags


def test_names_that_differ_at_their_end_stay_apart() -> None:
    one, other = ("a very long name " * 20 + end for end in ("north", "south"))
    assert code(one) != code(other) and len(code(one)) < 2 * LONGEST_NAME


@pytest.mark.parametrize("render", RENDERERS, ids=["mistune", "markdown-it"])
@pytest.mark.parametrize("wild", [False, True])
def test_many_slices_are_folded_and_the_report_fits_into_a_comment(render, wild) -> None:
    names = [f"{'|@`' * 40 if wild else 'group='}{k}" for k in range(400)]
    made = compared(names, auc=True, notes=("|" * 999,) * 20)
    policies = Policies(LIMITED, Policy(0.0, None, 0.1))
    report = report_of(made, judge_compared(made, policies), policies, ["|" * 999], "x" * 2000)
    assert len(report) <= MOST + 1000 < 65_536
    shown = page(report, render)
    visible, inside = shown.tables
    assert len(visible) == 1 + 2 * (1 + FEW) and {len(row) for row in visible + inside} == {7}
    assert shown.tags.count("details") == 2 and shown.inside == 0
    assert "388 more slices" in report and "more slices, without room here" in report


def test_what_failed_is_among_what_is_shown() -> None:
    good, bad = PairedOutcomes(90, 5, 2, 3), PairedOutcomes(60, 0, 30, 10)
    slices = {f"s{k:02}": bad if k == 29 else good for k in range(30)}
    whole = sum(slices.values())
    made = Compared(PairedOutcomes(*whole.cells, slices=slices), None, "a", "b", "c")
    policies = Policies(Policy(-0.5, None, 0.05))
    report = report_of(made, judge_compared(made, policies), policies)
    before = report.partition("<details>")[0]
    assert report.startswith("## Block: slice regressed\n")
    assert "| accuracy | <code>s29</code> |" in before
    assert "- **failed**, slice loss: Slice <code>s29</code>, 100 rows: 0.3000 lost" in report


def test_every_number_is_the_comparisons_own() -> None:
    made = compared(["group=A"], auc=True)
    report = report_of(made, None)
    (table,) = page(report, MISTUNE).tables
    for row, part in zip(table[1:3], (made.outcomes, made.auc), strict=True):
        interval = part.interval(0.95)
        assert row[2:] == [
            "60", f"{part.candidate:.4f}", f"{part.baseline:.4f}", f"{part.gain:+.4f}",
            f"{interval.low:+z.4f} to {interval.high:+z.4f}",
        ]  # fmt: skip
    assert report.startswith("## Not judged: no policy was given\n")
    for digest in (made.holdout, made.candidate, made.baseline, made.digest):
        assert f"<code>{digest}</code>" in report


def test_an_empty_slice_has_a_line_and_no_numbers() -> None:
    outcomes = PairedOutcomes(9, 1, 0, 0, slices={"none": PairedOutcomes(0, 0, 0, 0)})
    made = Compared(outcomes, None, "a", "b", "c")
    report = report_of(made, judge_compared(made, Policies(LIMITED)), Policies(LIMITED))
    assert "| accuracy | <code>none</code> | 0 | - | - | - | - to - |" in report
    assert report.startswith("## Block: ")


def test_an_empty_holdout_blocks_and_is_reported() -> None:
    made = Compared(PairedOutcomes(0, 0, 0, 0), None, "a", "b", "c")
    policies = Policies(Policy(-1, None))
    report = report_of(made, judge_compared(made, policies), policies)
    assert report.startswith("## Block: no eval gain\n") and "The holdout has no rows" in report


def test_what_the_policy_does_not_ask_for_is_said() -> None:
    made = compared(["a=1", "a=2"], auc=True)
    policies = Policies(Policy(0.0, None))
    report = report_of(made, judge_compared(made, policies), policies)
    asks = "the gap between slices, what single slices lose, the AUC"
    assert f"Not checked, since the policy does not ask: {asks}." in report
    assert "sets no confidence" in report
    sure = Policies(Policy(0.0, 1, 1, 0.9), Policy(0.0, None, 1, 0.9))
    assert "Not checked" not in (text := report_of(made, judge_compared(made, sure), sure))
    assert "no confidence" not in text and "90% interval" in text


def test_a_model_against_itself_is_called_so() -> None:
    made = Compared(PairedOutcomes(9, 0, 0, 1), None, "a", "b", "b")
    assert "compares a model with itself" in report_of(made, None)
    assert "with itself" not in report_of(compared([]), None)


def parts(**right: int) -> PairedOutcomes:
    slices = {name.replace("_", "="): PairedOutcomes(n, 0, 0, 100 - n) for name, n in right.items()}
    return PairedOutcomes(900, 0, 0, 900, slices=slices)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (dict(g_A=90, g_B=80), ["g=A</code> at 0.9000", "g=B</code> at 0.8000"]),
        (
            dict(g_A=90, g_B=85, r_N=88, r_S=80),
            ["two columns, which share rows", "at most 0.0800, in <code>r</code>"],
        ),
        (dict(g_A=90, r_N=88), ["two columns, which share rows."]),
        (dict(A=90, B=88), ["<code>A</code> at 0.9000"]),
        (dict(A=90), []),
    ],
)
def test_the_gap_says_between_whom_and_whether_they_are_of_one_column(right, said) -> None:
    found = gaps.where(parts(**right))
    assert all(words in found for words in said) and bool(said) == bool(found)
    assert ("two columns" in found) == any("two columns" in words for words in said)
