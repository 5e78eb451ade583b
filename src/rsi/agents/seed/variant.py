"""A copy of the agent with some of its files changed, loaded beside the running one.

The copy's modules live only in the namespace that `load` gives back: they were bound to one another when they were imported, at
the top of each file, and go on working after the names in `sys.modules` are the running agent's again.
"""

import ast
import hashlib
import importlib
import operator
import sys
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
KINDS = (".py", ".json", ".toml")
COUNTER, BOUNDED = "__count_pass__", "__bounded__"
MOST_BITS = 100_000
SMALL = 1024
MOST_COMPILED = 512

compiled = {}


class Broken(Exception):
    """A copy that cannot be loaded, fails, or does not come to an end; the text says why in a line."""


class Passes:
    """Counts the calls and the passes through loops of a copy and breaks it off after `most`."""

    def __init__(self, most):
        self.most = most
        self.used = 0

    def __call__(self):
        self.used += 1
        if self.most is not None and self.used > self.most:
            raise Broken(f"more than {self.most} calls and passes through loops")
        return True


def bounded(kind, left, right):
    """A product, power or shift to the left; Broken for a whole number beyond all bounds, which would take for ever in one pass."""
    if isinstance(left, int) and isinstance(right, int) and BITS[kind](left.bit_length(), right) > MOST_BITS:
        raise Broken(f"a whole number of more than {MOST_BITS} bits")
    return GROWING[kind](left, right)


GROWING = {"Mult": operator.mul, "Pow": operator.pow, "LShift": operator.lshift}
BITS = {"Mult": lambda bits, right: bits + right.bit_length(), "Pow": operator.mul, "LShift": operator.add}


def read_tree(folder):
    """The texts of an agent's files: {path inside the folder: text}."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix in KINDS and path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
            found[inside.as_posix()] = path.read_bytes().decode("utf-8")
    return found


def load(files, names, passes=None, shared=()):
    """Import modules `names` from the sources in `files` {path: text}, apart from the running ones but for those that are `shared`.

    The result has one attribute per name, and `passes`, which counts calls and passes through loops. With a number of `passes`
    (say, a few times what the unchanged agent uses) a copy that goes on for ever ends in Broken, also when it is called later.
    """
    counter = Passes(passes)
    finder = Finder(files, counter)
    hidden = (finder.sources.keys() | {path.stem for path in HERE.glob("*.py")}) - set(shared)
    running = {name: sys.modules.pop(name) for name in hidden if name in sys.modules}
    finder.hidden = hidden
    sys.meta_path.insert(0, finder)
    try:
        return SimpleNamespace(**{name: attempt(importlib.import_module, name) for name in names}, passes=counter)
    finally:
        sys.meta_path.remove(finder)
        for name in hidden:
            sys.modules.pop(name, None)
        sys.modules.update(running)


def attempt(function, *given, **named):
    """Call into a copy; whatever goes wrong in there is Broken. The only place that catches everything: it is the copy's own jail."""
    try:
        return function(*given, **named)
    except Broken:
        raise
    except (Exception, SystemExit) as error:
        raise Broken(f"{type(error).__name__}: {error}"[:200]) from error


class Finder:
    """Finds modules in a dict of sources, and hides those of the running agent that are not in it."""

    def __init__(self, files, counter):
        self.sources = {path[:-3]: text for path, text in files.items() if path.endswith(".py") and "/" not in path}
        self.hidden = set()
        self.counter = counter

    def find_spec(self, name, path=None, target=None):
        if name in self.sources:
            return ModuleSpec(name, self, origin=str(HERE / f"{name}.py"))
        if name in self.hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        module.__file__ = module.__spec__.origin
        module.__dict__.update(given(self.counter))
        exec(code_of(name, self.sources[name]), module.__dict__)


def code_of(name, source):
    """The compiled source, its work counted; unchanged sources are compiled once per process."""
    key = name, hashlib.blake2b(source.encode(), digest_size=16).digest()
    if key not in compiled:
        if len(compiled) >= MOST_COMPILED:
            compiled.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled[key] = compile(counted(ast.parse(source)), f"<copy>/{name}.py", "exec")
    return compiled[key]


def counted(tree):
    """The tree with bounded products, and a count before every function's and `for` loop's body and every `while` condition."""
    can_grow = False
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            node.test = ast.copy_location(ast.BoolOp(ast.And(), [call_at(node.test, COUNTER), node.test]), node.test)
        elif isinstance(node, (ast.For, ast.FunctionDef)):
            place = 1 if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) else 0
            first = node.body[0]
            node.body.insert(place, ast.copy_location(ast.Expr(call_at(first, COUNTER)), first))
        can_grow = can_grow or (isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op).__name__ in GROWING)
    return Bounds().visit(tree) if can_grow else tree


def given(passes):
    """What counted code finds among its names."""
    return {COUNTER: passes, BOUNDED: bounded}


def call_at(place, name, *given):
    """A call of one of our own functions, located where `place` is."""
    return ast.copy_location(ast.Call(ast.copy_location(ast.Name(name, ast.Load()), place), list(given), []), place)


class Bounds(ast.NodeTransformer):
    """Puts `bounded` in the place of each operation that could make a whole number explode."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return product_at(node, node.left, node.right) if grows(node.op, node.left, node.right) else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or not grows(node.op, node.value):
            return node
        before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        return ast.copy_location(ast.Assign([node.target], product_at(node, before, node.value)), node)


def product_at(node, left, right):
    return call_at(node, BOUNDED, ast.copy_location(ast.Constant(type(node.op).__name__), node), left, right)


def grows(operation, *operands):
    """Whether it could make a whole number explode; a factor that stands there and is small, or no whole number, makes none."""
    kind = type(operation).__name__
    return kind in GROWING and not (kind == "Mult" and any(map(is_small, operands)))


def is_small(node):
    return isinstance(node, ast.Constant) and not (isinstance(node.value, int) and abs(node.value) > SMALL)
