"""Where things stand in a Python source: exact spans of text, the names that are bound there, and how a new text fits in."""

import ast
import keyword

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.JoinedStr, *COMPREHENSIONS)
OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp)
TIGHT = (*OPERATIONS, ast.Attribute, ast.Await, ast.Starred, ast.NamedExpr, ast.comprehension)
TEXTUAL = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp, ast.Set, ast.SetComp, ast.Dict, ast.DictComp)
SCOPES = (*FUNCTIONS, ast.ClassDef)
ASIDE = ("annotation", "returns", "decorator_list")
BESIDE = " \t\r\n\f()\\"
STRUCTURAL = ("__all__", "__slots__")
HELPER_LINES = 30
COLLECTION_CALLS = {"all", "any", "enumerate", "len", "list", "max", "min", "set", "sorted", "sum", "tuple"}
NUMERIC_CALLS = {"abs", "exp", "float", "int", "len", "log", "max", "min", "pow", "round", "sqrt", "sum"}
MOST_HELPERS = 1024
helpers = {}


class Page:
    """A source with its tree; spans are (start, end) in characters, so that `source[start:end]` is the text of a node."""

    def __init__(self, source):
        self.source = source
        self.tree = ast.parse(source)
        self.parents, self.below, self.spans, self.outers = {}, {}, {}, {}
        self.starts = [0]
        for line in source.replace("\r\n", " \n").replace("\r", "\n").split("\n"):
            self.starts.append(min(len(source), self.starts[-1] + len(line) + 1))
        self.ascii = source.isascii()

    def enter(self, root):
        """Note what stands in what below a node; nothing is known of a node's surroundings before."""
        todo = [root]
        while todo:
            node = todo.pop()
            self.below[node] = below = list(children(node))
            for field, child in below:
                self.parents[child] = (node, field)
                todo.append(child)

    def offset(self, line, column):
        """Characters before a line (from 1) and a column in UTF-8 bytes, as the tree counts them."""
        start = self.starts[line - 1]
        if self.ascii:
            return start + column
        text = self.source[start : self.starts[line]]
        return start + len(text.encode()[:column].decode())

    def span(self, node):
        if node not in self.spans:
            self.spans[node] = self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)
        return self.spans[node]

    def text(self, node):
        start, end = self.span(node)
        return self.source[start:end]

    def outer(self, node):
        """The span of an expression with the parentheses that are around nothing but it."""
        if node not in self.outers:
            self.outers[node] = self._widest(*self.span(node))
        return self.outers[node]

    def _widest(self, start, end):
        while True:
            after = self._closing(end)
            before = None if after is None else self._opening(start)
            if before is None:
                return start, end
            start, end = before, after

    def _opening(self, start):
        """Where a grouping parenthesis before `start` stands; None where there is none, or where it opens a call."""
        at = start - 1
        while at >= 0 and self.source[at].isspace():
            at -= 1
        if at < 0 or self.source[at] != "(":
            return None
        line = max(self.source.rfind("\n", 0, at), self.source.rfind("\r", 0, at)) + 1
        if "\n" in self.source[at:start] and "#" in self.source[line:at]:
            return None
        before = self.source[line:at].rstrip(" \t")
        first = len(before)
        while first and is_in_word(before[first - 1]):
            first -= 1
        word = before[first:]
        if word:
            return at if keyword.iskeyword(word) and word not in ("True", "False", "None") else None
        return None if before.endswith((")", "]", "}", "'", '"', "\\")) else at

    def _closing(self, end):
        """Behind a closing parenthesis that stands after `end`; None where there is none."""
        at = end
        while self.source[at : at + 1].isspace():
            at += 1
        return at + 1 if self.source[at : at + 1] == ")" else None

    def operand(self, node):
        """The text of an expression to be put elsewhere: with its own parentheses if it goes over several lines."""
        start, end = self.outer(node)
        inner = self.text(node)
        return self.source[start:end] if "\n" in inner else inner

    def tight(self, node):
        """The text of an expression as an operand of an operator."""
        text = self.operand(node)
        return text if is_atom(node) or text.startswith("(") and is_grouped(text) else f"({text})"

    def fitted(self, node, text, atom=False):
        """`text` in the place of `node`: in parentheses where it would otherwise be read in another way."""
        start, end = self.span(node)
        first, last = self.outer(node)
        if start != first:
            return text if atom and "\n" not in text else self.source[first:start] + text + self.source[end:last]
        parent, field = self.parents[node]
        roomy = not isinstance(parent, TIGHT) and not (isinstance(parent, ast.Call) and field == "func")
        roomy = roomy and not (isinstance(parent, ast.Subscript) and field == "value")
        return text if atom or roomy else f"({text})"

    def operator(self, left, right):
        """The span of the operator between two operands: all that stands there but blanks, parentheses and comments."""
        start, end = self.span(left)[1], self.span(right)[0]
        gap = self.source[start:end]
        if "#" in gap:
            gap = "\n".join(line.partition("#")[0].ljust(len(line)) for line in gap.split("\n"))
        start += len(gap) - len(gap.lstrip(BESIDE))
        return start, start + len(gap.strip(BESIDE))


def children(node):
    """The nodes right below one, each with the field that it stands in."""
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            yield from [(field, child) for child in value if isinstance(child, ast.AST)]
        elif isinstance(value, ast.AST):
            yield field, value


def loaded(node):
    """The names that an expression needs."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def is_in_word(character):
    return character.isalnum() or character == "_"


def is_atom(node):
    return isinstance(node, ATOMS)


def is_grouped(text):
    """Whether a text is one expression in parentheses."""
    try:
        return ast.parse(text, mode="eval").body.col_offset > 0
    except SyntaxError:
        return False


def is_number(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def is_arithmetic(node):
    """An operation that is surely meant for numbers: nothing textual or list-like in it."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ARITHMETIC):
        return False
    for side in (node.left, node.right):
        if isinstance(side, TEXTUAL) or isinstance(side, ast.Constant) and not is_number(side):
            return False
        if isinstance(side, ast.BinOp) and not is_arithmetic(side):
            return False
    return True


def same(a, b):
    """Whether two trees, or parts of them, mean the same."""
    if type(a) is not type(b):
        return False
    if isinstance(a, ast.AST):
        return all(same(getattr(a, field, None), getattr(b, field, None)) for field in a._fields)
    return len(a) == len(b) and all(map(same, a, b)) if isinstance(a, list) else a == b


def shallow(page, node):
    """The nodes of a function without those of functions in it, annotations, decorators and formatted strings."""
    found = []
    stack = [node]
    while stack:
        this = stack.pop()
        found.append(this)
        if not isinstance(this, ast.JoinedStr):
            stack += [child for field, child in page.below[this] if field not in ASIDE and not isinstance(child, SCOPES)]
    return found


class Scope:
    """The names of one function: where each is bound, which are numbers, which values it returns."""

    def __init__(self, page, label, node):
        self.page = page
        self.label = label
        self.node = node
        page.enter(node)
        self.nodes = shallow(page, node)
        self.bound = []
        self.numeric = set()
        self.things = set()
        self.returns = []
        self.outside = set()
        if isinstance(node, FUNCTIONS):
            self.returns = [(n, loaded(n.value)) for n in self.nodes if isinstance(n, ast.Return) and n.value is not None]
            self.outside = {name for n in self.nodes if isinstance(n, (ast.Global, ast.Nonlocal)) for name in n.names}
            self._parameters(node)
            self._block(node.body)
            for inner in self.nodes:
                self._inside(inner)
                self._numbers(inner)
                self._things(inner)

    def at(self, position):
        """Names that are bound at a position of the source, the most recent first."""
        found = [(since, name) for name, since, until in self.bound if since <= position < until and name not in self.outside]
        return list(dict.fromkeys(name for _, name in sorted(found, reverse=True)))

    def may_be_number(self, name):
        return name in self.numeric or name not in self.things

    def alike(self, one, other):
        """Whether two names may stand for one another: not a number for a thing."""
        return not any(a in self.numeric and b in self.things - self.numeric for a, b in ((one, other), (other, one)))

    def _parameters(self, function):
        every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        start, end = self.page.span(function.body[0])[0], self.page.span(function)[1]
        self.bound += [(arg.arg, start, end) for arg in every]
        named = {arg.arg for arg in every if isinstance(arg.annotation, ast.Name) and arg.annotation.id in ("int", "float")}
        defaults = zip(reversed(every[: len(every) - len(function.args.kwonlyargs)]), reversed(function.args.defaults), strict=False)
        keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        self.numeric |= named | {arg.arg for arg, value in [*defaults, *keywords] if value is not None and is_number(value)}

    def _block(self, statements):
        """Names bound by a block of statements hold until its end."""
        end = self.page.span(statements[-1])[1]
        for this in statements:
            if isinstance(this, ast.Assign):
                self._bind(this.targets, self.page.span(this)[1], end)
            elif isinstance(this, ast.AnnAssign) and this.value is not None:
                self._bind([this.target], self.page.span(this)[1], end)
            elif isinstance(this, (ast.For, ast.AsyncFor)):
                self._bind([this.target], self.page.span(this.body[0])[0], self.page.span(this.body[-1])[1])
            elif isinstance(this, (ast.With, ast.AsyncWith)):
                self._bind([i.optional_vars for i in this.items if i.optional_vars], self.page.span(this.body[0])[0], end)
            if not isinstance(this, (*FUNCTIONS, ast.ClassDef)):
                for inner in (*getattr(this, "handlers", ()), *getattr(this, "cases", ()), this):
                    for field in ("body", "orelse", "finalbody"):
                        if getattr(inner, field, None):
                            self._block(getattr(inner, field))

    def _bind(self, targets, start, end):
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.bound.append((node.id, start, end))

    def _inside(self, node):
        """Names of comprehensions and lambdas hold only in their own parts."""
        if isinstance(node, ast.Lambda):
            self.bound += [(arg.arg, *self.page.span(node.body)) for arg in node.args.args]
        elif isinstance(node, COMPREHENSIONS):
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            for k, generator in enumerate(node.generators):
                later = [part for g in node.generators[k + 1 :] for part in (g.iter, *g.ifs)]
                for part in (*parts, *generator.ifs, *later):
                    self._bind([generator.target], *self.page.span(part))

    def _numbers(self, node):
        """Names that are used or set like numbers."""
        if is_arithmetic(node) and not isinstance(node.op, (ast.Add, ast.Mult, ast.Mod)):
            self._names_to(self.numeric, node.left, node.right)
        elif isinstance(node, ast.BinOp) and is_arithmetic(node) and (is_number(node.left) or is_number(node.right)):
            self._names_to(self.numeric, node.left, node.right)
        elif isinstance(node, ast.Compare) and any(is_number(c) for c in (node.left, *node.comparators)):
            self._names_to(self.numeric, node.left, *node.comparators)
        elif isinstance(node, ast.Assign) and self._is_numeric(node.value):
            self._names_to(self.numeric, *node.targets)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ARITHMETIC) and self._is_numeric(node.value):
            self._names_to(self.numeric, node.target)
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, ast.Call):
            called = getattr(node.iter.func, "id", "")
            if called == "range":
                self._names_to(self.numeric, node.target)
            elif called == "enumerate" and isinstance(node.target, ast.Tuple):
                self._names_to(self.numeric, node.target.elts[0])

    def _things(self, node):
        """Names that are used or set like collections, texts, objects or functions."""
        if isinstance(node, (ast.Subscript, ast.Attribute, ast.Starred)):
            self._names_to(self.things, node.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            self._names_to(self.things, node.iter)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[-1], (ast.In, ast.NotIn)):
            self._names_to(self.things, node.comparators[-1])
        elif isinstance(node, ast.Assign) and isinstance(node.value, TEXTUAL):
            self._names_to(self.things, *node.targets)
        elif isinstance(node, ast.Call):
            self._names_to(self.things, node.func)
            if len(node.args) == 1 and getattr(node.func, "id", "") in COLLECTION_CALLS:
                self._names_to(self.things, node.args[0])

    def _is_numeric(self, value):
        called = value.func if isinstance(value, ast.Call) else None
        name = getattr(called, "id", None) or getattr(called, "attr", "")
        return is_number(value) or is_arithmetic(value) or name in NUMERIC_CALLS

    def _names_to(self, found, *nodes):
        found |= {node.id for node in nodes if isinstance(node, ast.Name)}


def scopes(page):
    """(label, node) of each function and constant of a module, also of those in its classes and functions."""
    found = []

    def visit(body, before, is_function=False):
        for node in body:
            if isinstance(node, FUNCTIONS):
                found.append((before + node.name, node))
                visit(node.body, before + node.name + ".", True)
            elif isinstance(node, ast.ClassDef):
                visit(node.body, before + node.name + ".")
            elif is_function:
                continue
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id not in STRUCTURAL:
                    found.append((before + target.id, node))

    visit(page.tree.body, "")
    return found


def own_functions(page):
    """The module's own small functions that give a value back and touch nothing outside: {name: (least, most, returns)}."""
    found = {}
    for node in page.tree.body:
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno <= HELPER_LINES:
            text = page.text(node)
            if text not in helpers:
                if len(helpers) >= MOST_HELPERS:
                    helpers.clear()
                helpers[text] = as_helper(node)
            if helpers[text]:
                found[node.name] = helpers[text]
    return found


def as_helper(node):
    """How many arguments a function takes, at least and at most, and what it says that it returns; None if it does more than that."""
    inside = list(ast.walk(node))
    gives = any(isinstance(n, ast.Return) and n.value is not None for n in inside)
    reaches = any(isinstance(n, (ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)) for n in inside)
    if not gives or reaches or node.args.vararg or node.args.kwarg or None in node.args.kw_defaults:
        return None
    most = len(node.args.posonlyargs) + len(node.args.args)
    return most - len(node.args.defaults), most, node.returns and ast.dump(node.returns)
