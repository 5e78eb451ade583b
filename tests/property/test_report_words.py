"""Whatever an agent writes, a Markdown reader finds words in it and nothing else."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rsi.reports.document import Bullets, Code, Document, Mono, Paragraph, Strong, Table
from rsi.reports.markdown import render_markdown
from rsi.reports.words import one_line, plain_lines

words = st.text(alphabet=st.sampled_from("ab1 \n\t`*_[](){}<>#|&~$\\!-+=.:/@\"'\x00\x1b\u202e") | st.characters(), max_size=60)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = {"text", "text_special", "softbreak"}


def kinds(markdown: str) -> set[str]:
    tokens = READER.parse(markdown)
    inner = {child.type for token in tokens for child in token.children or ()}
    return {token.type for token in tokens} | inner


def page(*blocks: Paragraph | Bullets | Code | Table) -> str:
    return render_markdown(Document(title="title", subtitle="subtitle", blocks=blocks))


@given(text=words)
@example(text="1. a")
@example(text="\n")
@example(text="http://a.b <http://a.b>")
@example(text="&lt;b&gt;")
@example(text="a\\")
@example(text="***")
def test_a_paragraph_is_words(text: str) -> None:
    found = kinds(page(Paragraph(line=(text, Strong(text or "x")))))
    allowed = PLAIN | {"heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "strong_open", "strong_close"}
    assert found <= allowed


@given(text=words)
@example(text="a")
@example(text="*a*")
def test_a_reader_finds_the_very_words(text: str) -> None:
    line = one_line(text, 4000)
    rendered = page(Paragraph(line=(f"Reason: {text}",)))
    told = "".join(child.content for child in READER.parse(rendered)[-2].children or ())
    assert told == f"Reason: {line}".strip()


@given(text=words)
@example(text="| - | - |")
@example(text="a\\|b")
def test_a_table_keeps_its_cells(text: str) -> None:
    tokens = READER.parse(page(Table(header=("a", "b"), rows=((text, "end"), ("end", text)))))
    assert [token.type for token in tokens].count("td_open") == 4
    assert {child.type for token in tokens for child in token.children or ()} <= PLAIN


@given(text=words)
@example(text="``` \n# out\n````\n")
def test_code_stays_inside_its_fence(text: str) -> None:
    tokens = [token for token in READER.parse(page(Code(text=text, language="diff"))) if token.type == "fence"]
    assert [token.content.rstrip("\n") for token in tokens] == [plain_lines(text).rstrip("\n")]


@given(text=words)
def test_a_name_is_one_piece_of_code_or_nothing(text: str) -> None:
    inside = [child.type for token in READER.parse(page(Paragraph(line=("x ", Mono(text))))) for child in token.children or ()]
    assert set(inside) <= PLAIN | {"code_inline"} and inside.count("code_inline") <= 1
