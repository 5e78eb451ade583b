"""What a candidate wrote is text for every reader: no renderer lets an escape code, a direction mark or markup through."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest

from rsi.attacks.output import HOSTILE
from rsi.cli.terminal import harmless
from rsi.cli.view.text import clean
from rsi.kernel.sandbox.reading import legible
from rsi.reports.document import Bullets, Code, Document, Heading, Mono, Paragraph, Strong, Table
from rsi.reports.html import render_html
from rsi.reports.markdown import render_markdown
from rsi.reports.words import one_line, plain_lines

DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def report(text: str) -> Document:
    blocks = (
        Heading(text=text),
        Paragraph(line=(text, Strong(text), Mono(text))),
        Bullets(items=((text,),)),
        Table(header=(text,), rows=((text,),)),
        Code(text=text, language="diff"),
    )
    return Document(title=text, subtitle=text, blocks=blocks)


def dangerous(text: str) -> set[str]:
    return {char for char in text if char not in "\n\t" and unicodedata.category(char) in DANGEROUS}


class Elements(HTMLParser):
    """Names of elements and attributes that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}


@pytest.mark.parametrize("show", [harmless, clean, legible, one_line, plain_lines])
def test_no_control_code_or_direction_mark_reaches_a_terminal(show: object) -> None:
    assert dangerous(show(HOSTILE)) == set()  # type: ignore[operator]


def test_the_page_has_no_element_that_a_candidate_wrote() -> None:
    page = render_html(report(HOSTILE))
    assert dangerous(page) == set()
    assert Elements(page).found == Elements(render_html(report("plain"))).found


def test_the_markdown_has_no_link_image_element_or_heading_that_a_candidate_wrote() -> None:
    text = render_markdown(report(HOSTILE))
    assert dangerous(text) == set()
    prose = re.sub(r"(?ms)^(`{3,})[^`\n]*\n.*?^\1$", "", text)
    prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", prose)
    assert not re.search(r"(?<!\\)<[a-z!/]", prose)
    assert not re.search(r"(?<!\\)\]\(", prose)
    assert not re.search(r"(?m)^# heading", prose)
