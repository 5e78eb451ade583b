"""Words, numbers and drawings of a report."""

import xml.etree.ElementTree as ElementTree

import pytest

from rsi.reports.document import Document, Mono, Paragraph
from rsi.reports.figures import Bar, Pair, Reach, Step, bars, pairs, reaches, steps
from rsi.reports.markdown import render_markdown
from rsi.reports.words import count, duration, interval, one_line, percent, plural, points

EVIL = '<&">\x00]]>' * 10


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (points(0.0734), "+7.3"),
        (points(-0.012), "−1.2"),
        (points(-0.0001), "0.0"),
        (interval(-0.01, 0.08), "−1.0 … +8.0"),
        (percent(0.5), "50.0 %"),
        (count(940), "940"),
        (count(18_200), "18.2 k"),
        (count(4e6), "4.0 M"),
        (count(2e9), "2.0 G"),
        (plural(0, "change"), "no changes"),
        (plural(1, "entry", "entries"), "1 entry"),
        (plural(2, "entry", "entries"), "2 entries"),
        (duration(48.4), "48 s"),
        (duration(312), "5 min 12 s"),
        (duration(7380), "2 h 3 min"),
        (one_line("a\n\tb  c"), "a b c"),
        (one_line("x" * 20, 10), "x" * 9 + "…"),
        (one_line("\x1b[31m\x7f\u202e\ud800"), "␛[31m␡��"),
    ],
)
def test_numbers_and_words_are_told_shortly(told: str, text: str) -> None:
    assert told == text


@pytest.mark.parametrize(
    "svg",
    [
        bars([Bar(label=EVIL, amount=1e6), Bar(label="none", amount=0)]),
        bars([]),
        pairs([Pair(label=EVIL, before=0.0, after=1.0)]),
        reaches([Reach(label=EVIL, predicted=(0.0, 0.0), mean=0.0, measured=(0.0, 0.0))]),
        reaches([Reach(label="a", predicted=(-1.0, 1.0), mean=0.3, measured=(-0.2, 0.5))] * 40),
        steps([Step(x=0.0, label=EVIL, mean=0.0, low=0.0, high=0.0)], end=0.0, x_name=EVIL),
        steps([Step(x=float(i), label=f"v{i}", mean=0.5, low=0.0, high=1.0) for i in range(60)], end=61.0, x_name="cycles"),
    ],
)
def test_every_drawing_is_sound_and_stays_inside_its_frame(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert {child.tag for child in root.iter()} <= {"svg", "text", "line", "rect", "circle", "polyline"}
    for item in root.iter():
        for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("y1", height), ("cy", height)):
            assert -1 <= float(item.attrib.get(name, 0)) <= limit


def test_a_better_version_stands_higher() -> None:
    svg = steps(
        [Step(x=0.0, label="start", mean=0.4, low=0.35, high=0.45), Step(x=2.0, label="v1", mean=0.6, low=0.55, high=0.65)],
        end=4.0,
        x_name="cycles",
    )
    first, second = (circle for circle in ElementTree.fromstring(svg).iter("circle"))
    assert float(second.attrib["cy"]) < float(first.attrib["cy"]) and float(second.attrib["cx"]) > float(first.attrib["cx"])


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("1. not a list", "1\\. not a list"),
        ("- not a list", "\\- not a list"),
        ("# no heading", "\\# no heading"),
        ("> no quote", "\\> no quote"),
        ("=== no rule", "\\=== no rule"),
        ("`code` and *stars*", "\\`code\\` and \\*stars\\*"),
        ("see www.x.y or http://x or a@b", "see www\\.x.y or http\\://x or a\\@b"),
    ],
)
def test_plain_words_stay_plain_in_markdown(text: str, rendered: str) -> None:
    assert render_markdown(Document(title="t", subtitle="s", blocks=(Paragraph(line=(text,)),))).splitlines()[-1] == rendered


@pytest.mark.parametrize(("text", "rendered"), [("a`b", "``a`b``"), ("`a``b", "``` `a``b ```"), ("plain", "`plain`")])
def test_a_name_in_markdown_cannot_leave_its_ticks(text: str, rendered: str) -> None:
    assert render_markdown(Document(title="t", subtitle="s", blocks=(Paragraph(line=(Mono(text),)),))).splitlines()[-1] == rendered
