"""Changing a tree of texts: blocks of lines, whole functions, new files. What does not fit is `Rejected`, with the reason for the model.

A search block is whole lines. It must be found exactly once: exactly as it is, else by its words (white space apart). Nothing outside the
lines that were found is ever changed.
"""

import ast
import difflib
import hashlib
import json
import re
import tomllib
import warnings

MARK = re.compile(r"^(<{7,})[ \t]*SEARCH[ \t]*$")
LARGEST = 1_000_000
NEVER = ("rsi-agent.toml", "build.json")


class Rejected(Exception):
    """An edit that is not made; the text says why and what to do instead."""


def blocks(body):
    """The (search, replace) pairs of an edit. A mark may be longer than seven, so that text with marks in it can be edited too."""
    lines, found, number = body.split("\n"), [], 0
    while number < len(lines):
        mark = MARK.match(lines[number])
        number += 1
        if mark is None:
            if lines[number - 1].strip():
                raise Rejected(f"line {number} of the edit stands outside of a block: {lines[number - 1].strip()[:80]!r}. {SHAPE}")
            continue
        middle = marked(lines, number, "=", len(mark[1]))
        end = None if middle is None else marked(lines, middle + 1, ">", len(mark[1]))
        if middle is None or end is None:
            wanted = "=" * len(mark[1]) if middle is None else ">" * len(mark[1]) + " REPLACE"
            raise Rejected(f"the block that begins in line {number} of the edit has no line `{wanted}`. {SHAPE}")
        found.append(("\n".join(lines[number:middle]), "\n".join(lines[middle + 1 : end]), middle + 1 == end))
        number = end + 1
    if not found:
        raise Rejected(f"there is no block in the edit. {SHAPE}")
    return found


SHAPE = "A block is: a line `<<<<<<< SEARCH`, the old lines, a line `=======`, the new lines, a line `>>>>>>> REPLACE`."


def marked(lines, start, sign, length):
    """The line from `start` on that is a mark of exactly that length, or None."""
    wanted = re.compile(rf"^{sign}{{{length}}}[ \t]*(?:REPLACE)?[ \t]*$")
    return next((number for number in range(start, len(lines)) if wanted.match(lines[number])), None)


def edited(text, body):
    """The text with every block of an edit applied, one after the other."""
    for search, replace, is_deletion in blocks(body):
        text = replaced(text, search, replace, is_deletion)
    return text


def replaced(text, search, replace, is_deletion=False):
    """The text with the lines `search` replaced, which must be found exactly once."""
    lines, wanted = text.split("\n"), search.split("\n")
    new = [] if is_deletion else replace.split("\n")
    if not search.strip():
        raise Rejected("the SEARCH part is empty: name the lines that are to be replaced, or those beside which something is to be added")
    exact = places(lines, wanted)
    if len(exact) == 1:
        return "\n".join([*lines[: exact[0]], *new, *lines[exact[0] + len(wanted) :]])
    if exact:
        raise Rejected(several(exact))
    while not wanted[0].strip():
        wanted = wanted[1:]
    while not wanted[-1].strip():
        wanted = wanted[:-1]
    lenient = places([words(line) for line in lines], [words(line) for line in wanted])
    if len(lenient) > 1:
        raise Rejected(several(lenient))
    if not lenient:
        raise Rejected(missing(lines, wanted))
    start, end = lenient[0], lenient[0] + len(wanted)
    return "\n".join([*lines[:start], *fitted(new, wanted[0], lines[start:end]), *lines[end:]])


def places(lines, wanted):
    """Where these lines stand, one behind the other."""
    return [start for start in range(len(lines) - len(wanted) + 1) if lines[start : start + len(wanted)] == wanted]


def words(line):
    return " ".join(line.split())


def margin(line):
    return line[: len(line) - len(line.lstrip())]


def several(starts):
    where = ", ".join(str(start + 1) for start in starts[:8])
    return f"the SEARCH lines were found {len(starts)} times (at lines {where}): add lines around them until they are unique"


def missing(lines, wanted):
    first = next(line for line in wanted if line.strip())
    near = difflib.get_close_matches(words(first), [words(line) for line in lines if line.strip()], n=1, cutoff=0.6)
    number = next((n for n, line in enumerate(lines) if near and words(line) == near[0]), None)
    hint = f"the nearest to its first line is line {number + 1}: {lines[number]!r}" if near else "no line is near its first line"
    return f"the SEARCH lines are not in the file as it is now ({hint}): read the file and copy its lines"


def fitted(new, first, old):
    """New lines with the indentation and the line ends that the file has where the model's own differed."""
    has, wrote = margin(old[0]), margin(first)
    if has != wrote and has.startswith(wrote):
        new = [has[len(wrote) :] + line if line.strip() else line for line in new]
    elif has != wrote and wrote.startswith(has):
        extra = wrote[len(has) :]
        new = [line.removeprefix(extra) for line in new]
    return [f"{line}\r" for line in new] if all(line.endswith("\r") for line in old) else new


def function_replaced(text, name, source):
    """The text with the function or class `name` (`f`, `Class.method`) replaced by the source, decorators and all."""
    if "\r" in text.replace("\r\n", ""):
        raise Rejected("the file has line ends of an old kind: edit it with SEARCH and REPLACE")
    found = named(parsed(text), name.split("."))
    if len(found) != 1:
        known = ", ".join(outline(text)[:40])
        raise Rejected(f"there are {len(found)} functions or classes {name!r}; there is: {known}")
    node = found[0]
    lines, new = text.split("\n"), source.strip("\n").split("\n")
    body = definition(source.strip("\n"), name.split(".")[-1])
    start, end = first_line(node), node.end_lineno
    shifted = moved(new, body, node.col_offset - len(margin(new[0])))
    return "\n".join([*lines[: start - 1], *shifted, *lines[end:]])


def first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def definition(source, name):
    """The one definition that a source consists of."""
    is_inside = source[:1].isspace()
    body = parsed(f"class _:\n{source}" if is_inside else source).body
    inner = body[0].body if is_inside else body
    if len(inner) != 1 or getattr(inner[0], "name", None) != name:
        raise Rejected(f"the new source must be the whole definition of {name!r} and nothing else")
    return inner[0], 1 if is_inside else 0


def moved(lines, body, by):
    """The lines with another margin; what stands inside of texts that go over several lines stays as it is."""
    node, above = body
    docs = {id(part.body[0].value) for part in ast.walk(node) if isinstance(part, KINDS) and isinstance(part.body[0], ast.Expr)}
    inside = set()
    for part in ast.walk(node):
        is_text = isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes)))
        if is_text and part.end_lineno > part.lineno and id(part) not in docs:
            inside.update(range(part.lineno + 1 - above, part.end_lineno + 1 - above))
    out = []
    for number, line in enumerate(lines, 1):
        if number in inside or not line.strip():
            out.append(line)
        else:
            out.append(" " * by + line if by > 0 else line[min(-by, len(margin(line))) :])
    return out


KINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def named(tree, path):
    """Definitions of that dotted name."""
    here = [node for node in tree.body if isinstance(node, KINDS) and node.name == path[0]]
    return here if len(path) == 1 else [found for node in here for found in named(node, path[1:])]


def outline(text):
    """Names of the functions and classes of a Python source, methods with their class."""
    names = []
    for node in parsed(text).body:
        if isinstance(node, KINDS):
            names.append(node.name)
            if isinstance(node, ast.ClassDef):
                names += [f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, KINDS)]
    return names


def parsed(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise Rejected(f"this is not Python: line {error.lineno}: {error.msg}: {(error.text or '').strip()[:100]!r}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Rejected(f"this is not Python: {error}"[:200]) from None


def pattern(glob):
    """A glob as an expression: `*` and `?` stay within one folder, `**` crosses folders."""
    wild = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob)) + r"\Z")


def matches(path, globs):
    return any(pattern(glob).match(path) for glob in globs)


class Draft:
    """A patch in the making: the target's texts, and what has become of them."""

    def __init__(self, target):
        self.files, self.surfaces, self.protected = target["files"], target["surfaces"], target.get("protected") or []
        self.omitted = target.get("omitted") or []
        self.after = {}

    def text(self, path):
        """A file as it is now."""
        found = self.after.get(path, self.files.get(path))
        if found is None:
            why = "is not plain text" if path in self.omitted else f"does not exist; there is: {', '.join(sorted(self.files)[:60])}"
            raise Rejected(f"{path!r} {why}")
        return found

    def put(self, path, text):
        """Make a file what the text says, if that is allowed and makes sense."""
        surface = self.surface([*self.after, path])
        if surface is None:
            raise Rejected(self.why_not(path))
        if text == self.after.get(path, self.files.get(path)):
            raise Rejected(f"the edit of {path} changes nothing")
        if len(text.encode("utf-8", "replace")) > LARGEST or "\0" in text:
            raise Rejected(f"the new content of {path} is no text, or longer than {LARGEST} bytes")
        check(path, text)
        if text == self.files.get(path):
            self.after.pop(path, None)
        else:
            self.after[path] = text

    def why_not(self, path):
        """Why a path may not be edited, at all or together with what was edited before."""
        if path in NEVER or matches(path, self.protected):
            return f"{path} is protected: no change may touch it"
        own = [name for name, globs in self.surfaces.items() if matches(path, globs)]
        if own:
            return (
                f"{path} belongs to the surface {own[0]}, and this change already touches {', '.join(sorted(self.after))}; "
                "one change keeps to one surface: finish this one, or undo it first"
            )
        globs = "; ".join(f"{name}: {' '.join(globs)}" for name, globs in self.surfaces.items())
        return f"{path} may not be edited; these files may be: {globs}"

    def surface(self, paths=None):
        """The first surface that all paths belong to, None if there is none."""
        paths = list(self.after) if paths is None else paths
        if not paths or any(path in NEVER or not is_plain(path) or matches(path, self.protected) for path in paths):
            return None
        return next((name for name, globs in self.surfaces.items() if all(matches(path, globs) for path in paths)), None)

    def undo(self):
        self.after = {}

    def edits(self):
        """The patch: [{"path", "before", "after"}]."""
        return [{"path": path, "before": digest(self.files.get(path)), "after": self.after[path]} for path in sorted(self.after)]

    def diff(self):
        """What has changed, for reading."""
        return "\n".join(
            "\n".join(difflib.unified_diff(self.files.get(path, "").split("\n"), text.split("\n"), path, path, lineterm="", n=2))
            for path, text in sorted(self.after.items())
        )


def is_plain(path):
    parts = path.split("/")
    return bool(path) and len(path) < 200 and all(part and not part.startswith(".") for part in parts) and "\\" not in path


def digest(text):
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()


def check(path, text):
    """Refuse what is broken before anybody pays for running it."""
    try:
        text.encode("utf-8")
        if path.endswith(".py"):
            parsed(text)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
    except Rejected as error:
        raise Rejected(f"{path} would be broken: {error}") from None
    except (ValueError, RecursionError) as error:
        raise Rejected(f"{path} would be broken: {error}"[:300]) from None
