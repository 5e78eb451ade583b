"""What the model can do: each tool is a function `tool(work, argument, body) -> text`, and its docstring is what the model is told of it.

A tool that cannot do what was asked raises `Rejected` (see edits) with the reason; nothing has changed then.
"""

import json
import re
import sys

import edits
import notes
from blocks import bare, fields
from edits import Rejected

LONGEST_RESULT = 6000
MOST_CASES = 8
MOST_HITS = 30
MOST_STEPS = 200_000
LONGEST_VALUE = 200
FIELDS = ("reason", "limitation", "p_better", "low", "high")
UNSURE = {"low": -0.05, "high": 0.1}


class Work:
    """One session on a target: the draft, what was measured of it, and how it ended."""

    def __init__(self, target, findings, limitations, memory, ask, has_cases=True, has_shell=False):
        self.target, self.findings, self.limitations, self.memory, self.ask = target, findings, limitations, memory, ask
        self.draft = edits.Draft(target)
        self.programs = 0
        self.left = None
        self.best = None
        self.proposal = None
        self.given_up = None
        self.tools = dict(TOOLS)
        if not findings or not has_cases:
            del self.tools["evaluate"]
        if not has_shell:
            del self.tools["shell"]

    @property
    def is_over(self):
        return self.proposal is not None or self.given_up is not None

    def usage(self):
        """What the model is told of the tools that it has."""
        return "\n".join(f"- {tool.__doc__.strip()}" for tool in self.tools.values())

    def do(self, action):
        """Carry one action out; the text that came of it."""
        tool = self.tools.get(action.name)
        if tool is None:
            raise Rejected(f"there is no action {action.name!r}; there is: {', '.join(self.tools)}")
        return shortened(tool(self, action.argument, action.body))


def read(work, argument, body):
    """`read PATH` or `read PATH 10-60` (no body): a file, with your changes in it."""
    path, _, span = argument.partition(" ")
    lines = work.draft.text(path).split("\n")
    first, last = 1, len(lines)
    if span.strip():
        try:
            first, last = (int(part) for part in span.strip().split("-"))
        except ValueError:
            raise Rejected(f"{span!r} is no range of lines; write for instance 10-60") from None
    return f"{path}, lines {first} to {min(last, len(lines))} of {len(lines)}:\n" + "\n".join(lines[max(0, first - 1) : last])


def search(work, argument, body):
    """`search` with some text as body: every line of any file that has it."""
    wanted = (body.strip() or argument.strip()).lower()
    if not wanted:
        raise Rejected("say what to search for, in the body")
    texts = {**work.draft.files, **work.draft.after}
    hits = [
        f"{path}:{number}: {line.strip()[:160]}"
        for path, text in sorted(texts.items())
        for number, line in enumerate(text.split("\n"), 1)
        if wanted in line.lower()
    ]
    more = f"\n… and {len(hits) - MOST_HITS} more" if len(hits) > MOST_HITS else ""
    return "\n".join(hits[:MOST_HITS]) + more if hits else f"nothing has {wanted!r}"


def edit(work, argument, body):
    """`edit PATH`: body = one or more blocks of: a line `<<<<<<< SEARCH`, the old lines, `=======`, the new lines, `>>>>>>> REPLACE`."""
    work.draft.put(argument, edits.edited(work.draft.text(argument), body))
    return f"{argument} is changed:\n{work.draft.diff()}"


def function(work, argument, body):
    """`function PATH NAME`: body = the whole new source of the Python function or class NAME (`f` or `Class.method`)."""
    path, _, name = argument.partition(" ")
    if not path.endswith(".py") or not name.strip():
        raise Rejected("write the path of a Python file and the name of a function: `function PATH NAME`")
    work.draft.put(path, edits.function_replaced(work.draft.text(path), name.strip(), body))
    return f"{path} is changed:\n{work.draft.diff()}"


def create(work, argument, body):
    """`create PATH`: body = the whole text of a new file."""
    if argument in work.draft.files or argument in work.draft.after:
        raise Rejected(f"{argument} exists: change it with `edit`")
    work.draft.put(argument, body if body.endswith("\n") else f"{body}\n")
    return f"{argument} is new"


def undo(work, argument, body):
    """`undo` (no body): take all of your changes back."""
    work.draft.undo()
    return "all of your changes are taken back"


def evaluate(work, argument, body):
    """`evaluate` (no body, or case numbers): run your change on practice cases; each costs one program."""
    known = [finding["case"] for finding in work.findings if type(finding.get("case")) is int]
    try:
        asked = [int(part) for part in f"{argument} {body}".replace(",", " ").split()]
    except ValueError:
        raise Rejected("write case numbers, or nothing") from None
    unknown = [case for case in asked if case not in known]
    if unknown or not known:
        raise Rejected(f"there is no case {unknown[0] if unknown else ''} here; there is: {', '.join(map(str, known))}")
    cases = list(dict.fromkeys(asked or different(work.findings)))[: max(MOST_CASES, len(asked))]
    reply = work.ask({"evaluate": {"files": dict(work.draft.after), "cases": cases}})
    work.left = reply.get("left", work.left)
    if "results" not in reply:
        return f"it was not run: {notes.plain(reply.get('error', 'no reason was given'), 500)}"
    work.programs += len(cases)
    before = {finding["case"]: finding for finding in work.findings}
    rows = [(before[case], result) for case, result in zip(cases, reply["results"])]
    was, now = (sum(map(notes.score_of, side)) / len(rows) for side in zip(*rows))
    if work.draft.after and now > was and (work.best is None or now - was > work.best[0]):
        work.best = now - was, dict(work.draft.after)
    return "\n".join([f"mean score {was:.3f} -> {now:.3f} on {len(rows)} practice cases", *(compared(*row) for row in rows)])


def different(findings):
    """Cases without those that show what an earlier one showed: same input, same output, same score."""
    found = {}
    for finding in findings:
        if type(finding.get("case")) is int:
            found.setdefault(json.dumps([finding.get(key) for key in ("input", "output", "score")], sort_keys=True), finding["case"])
    return list(found.values())


def compared(before, result):
    """One case with the change and without."""
    text = f"case {before['case']}: {notes.score_of(before):.3f} -> {notes.score_of(result):.3f} ({result.get('label', '')})"
    more = result.get("error") or result.get("feedback")
    return f"{text}: {notes.plain(more, 300)}" if more else text


def shell(work, argument, body):
    """`shell`: body = commands for `sh` in a copy of all files, your changes in it; what they change becomes part of your change."""
    reply = work.ask({"shell": {"files": dict(work.draft.after), "commands": body or argument}})
    if "code" not in reply:
        raise Rejected(f"the commands were not run: {notes.plain(reply.get('error', 'no reason was given'), 500)}")
    work.programs += 1
    taken, refused = [], []
    for path, text in sorted(reply["changed"].items()):
        try:
            if text is None:
                raise Rejected(f"{path} was taken away, and files stay here")
            work.draft.put(path, text)
            taken.append(path)
        except Rejected as error:
            refused.append(str(error))
    said = f"exit status {reply['code']}\n{notes.plain(reply['output'], LONGEST_RESULT)}"
    lines = [said, *([f"changed: {', '.join(taken)}"] if taken else []), *(f"not taken over: {why}" for why in refused[:5])]
    return "\n".join(lines)


def whole_change(work, text):
    """A reply of bare SEARCH/REPLACE blocks is a whole change: made, tried, handed in if it scores higher, else taken back."""
    body, words = bare(text)
    before, best, tried = dict(work.draft.after), work.best, work.programs
    path = file_meant(work, words)
    said = edit(work, path, body)
    if "evaluate" in work.tools:
        said = evaluate(work, "", "")
        if work.best is best:
            work.draft.after = before
            if work.programs == tried:
                raise Rejected(said)
            return f"[edit {path}]\n{said}\nIt is no better, so it is taken back: try another change."
    work.proposal = proposal(work, {"reason": f"{notes.plain(words.replace('`', ''), 300) or 'it gave no reason'}\n{said}"})
    return said


def file_meant(work, words):
    """The file that bare blocks are for: the only one that may be edited, or the only one of them that the reply names."""
    draft = work.draft
    able = [path for path in sorted({**draft.files, **draft.after}) if draft.surface([*draft.after, path])]
    named = [path for path in able if re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])", words)]
    meant = able if len(able) == 1 else named
    if len(meant) != 1:
        raise Rejected(f"it does not say which file it is for: put the blocks into a fence that begins with `edit PATH`, of {able}")
    return meant[0]


def note(work, argument, body):
    """`note`: body = one thing worth knowing next time, in a sentence; it is kept."""
    if not body.strip():
        raise Rejected("the note is empty")
    notes.add_note(work.memory, body)
    return "noted"


def finish(work, argument, body):
    """`finish`: hand it in; body = lines `reason: …`, `limitation: ID`, `p_better: 0…1`, `low`, `high` (80 % interval of its effect)."""
    if not work.draft.after:
        raise Rejected("there is no change to hand in: make one first, or `stop` with the reason")
    said = fields(body, FIELDS)
    if not said.get("reason", "").strip():
        raise Rejected("say why it should be better: a line `reason: …`")
    work.proposal = proposal(work, said)
    return "handed in"


def stop(work, argument, body):
    """`stop`: end without a change; body = why none is worth trying."""
    work.given_up = notes.plain(body or argument or "it gave no reason", 300)
    return "ended"


def proposal(work, said):
    """The draft as a proposal."""
    known = [limitation["id"] for limitation in work.limitations]
    wanted = said.get("limitation", "").strip()
    reason = notes.plain(said["reason"], 1900)
    return {
        "surface": work.draft.surface(),
        "limitation": wanted if wanted in known else (known[0] if known else "none"),
        "reason": reason,
        "edits": work.draft.edits(),
        "prediction": prediction(said),
        "tag": notes.plain(reason.split("\n")[0], 200),
    }


def prediction(said):
    """What was predicted, within bounds; where no probability was said nothing was, and an interval that was not said is wide."""
    p_better = number(said.get("p_better"), None)
    if p_better is None:
        return None
    low, high = sorted(min(1.0, max(-1.0, number(said.get(name), value))) for name, value in UNSURE.items())
    return {"p_better": min(0.99, max(0.01, p_better)), "low": low, "high": high}


def number(text, default):
    try:
        value = float(str(text).strip().rstrip("%")) / (100 if str(text).strip().endswith("%") else 1)
    except ValueError:
        return default
    return value if value == value and abs(value) != float("inf") else default


def harvest(work):
    """The best that was measured, for a session that ended before it was handed in; None if nothing was better."""
    if work.best is None:
        return None
    gain, work.draft.after = work.best
    reason = f"measured on practice cases: +{gain:.3f}; the session ended before it was handed in:\n{work.draft.diff()}"
    return proposal(work, {"reason": reason})


def shortened(text):
    """Head and tail of what is too long."""
    half = LONGEST_RESULT // 2
    return text if len(text) <= LONGEST_RESULT else f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


TOOLS = {tool.__name__: tool for tool in (read, search, edit, function, create, undo, evaluate, shell, note, finish, stop)}


class Endless(Exception):
    """A program that took more than its steps."""


def outputs(source, inputs):
    """What `f` of a source gives on each input: {"output"} or {"error"}; a text where there is no `f`."""
    space, results = {"__name__": "answer"}, []
    error = guarded(lambda: exec(compile(source, "answer", "exec"), space))[1]
    if error or not callable(space.get("f")):
        return error or "it defines no function f"
    for given in inputs:
        value, error = guarded(lambda: space["f"](json.loads(json.dumps(given))))
        results.append({"error": error} if error else {"output": value})
    return results


def guarded(work):
    """(value, None) or (None, error) of a program's work, which ends after so many steps."""
    left, outer = [MOST_STEPS], sys.gettrace()

    def trace(frame, event, arg):
        left[0] -= 1
        if left[0] < 0:
            raise Endless(f"more than {MOST_STEPS} steps")
        return trace

    sys.settrace(trace)
    try:
        return work(), None
    except (Exception, SystemExit) as error:
        return None, f"{type(error).__name__}: {error}"[:200]
    finally:
        sys.settrace(outer)


def same(one, other):
    """Equality that tells `True` from `1`, at any depth of lists."""
    if type(one) is not type(other):
        return False
    return len(one) == len(other) and all(map(same, one, other)) if isinstance(one, list) else one == other


def check(source, examples):
    """How a program does on examples [{"i", "o"}…]: (how many are right, the text for the model)."""
    results = outputs(source, [example["i"] for example in examples])
    if isinstance(results, str):
        return 0, f"the program does not run: {results}"
    wrong = [(example, result) for example, result in zip(examples, results) if not same(result.get("output"), example["o"])]
    right = len(examples) - len(wrong)
    if not wrong:
        return right, f"all {right} examples are right"
    return right, f"{right} of {len(examples)} examples are right; wrong is {shown(*wrong[0])}"


def shown(example, result):
    """One wrong example for the model."""
    gave = result.get("error") or brief(result.get("output"))
    return f"f({json.dumps(example['i'])}): it gave {gave}, wanted {json.dumps(example['o'])}"


def brief(value):
    """Any value in a few words; what a program gives may be huge, or break when it is looked at."""
    if isinstance(value, (list, str)) and len(value) > LONGEST_VALUE:
        return f"{len(value)} items, the first of them {brief(value[:3])}"
    text, error = guarded(lambda: json.dumps(value, default=repr))
    return notes.plain(text if error is None else f"something that cannot be shown ({error})", 200)
