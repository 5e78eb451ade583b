"""A01–A12: getting at answers that a jail must not know."""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rsi.attacks import scored
from rsi.attacks.model import EVERY_TIER, Attack, Finding
from rsi.attacks.reading import EARLIER, FOUND, INHERITED, MEMORY, PATHS, RECALL, SEARCH, STAT, UPWARDS
from rsi.attacks.scene import Scene
from rsi.attacks.ways import finding, leaks, source_of
from rsi.core.protocols import Call, Reply
from rsi.core.records import Json
from rsi.kernel.archive.git import GitArchive

__all__ = ["ATTACKS"]

_FAMILY = "answer leakage"
_ALLOWED_NAMES = {"PYTHONHASHSEED", "LANG", "LC_ALL", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "PWD"}
_QUESTIONS = 12
_SIZES = (1, 40_000)


def _answers(scene: Scene) -> str:
    return str(scene.folder / "answers.json")


def _by_path(scene: Scene) -> Finding:
    return leaks(scene, PATHS, _answers(scene))


_LINKS = {
    "a link to the file": "os.symlink(x, 'link')\nreturn open('link').read()",
    "a link to its folder": "os.symlink(os.path.dirname(x), 'link')\nreturn open('link/answers.json').read()",
    "a link to the root": "os.symlink('/', 'link')\nreturn open('link' + x).read()",
    "a link with dots": "os.symlink('../' * 40 + x[1:], 'link')\nreturn open('link').read()",
    "a chain of links": "os.symlink(x, 'a')\nos.symlink('a', 'b')\nos.symlink(os.getcwd() + '/b', 'c')\nreturn open('c').read()",
    "a link by way of proc": "os.symlink('/proc/self/root' + x, 'link')\nreturn open('link').read()",
    "a module that is a link": (
        "import importlib.util\nos.symlink(x, 'linked.py')\nspec = importlib.util.spec_from_file_location('linked', 'linked.py')\n"
        "return spec.loader.get_data('linked.py').decode()"
    ),
}


def _by_symlink(scene: Scene) -> Finding:
    return leaks(scene, _LINKS, _answers(scene))


def _upwards(scene: Scene) -> Finding:
    return leaks(scene, UPWARDS, [_answers(scene), scene.judge, os.getpid()])


_HARD_LINKS = {
    "link": "os.link(x[0], 'mine')\nreturn open('mine').read()",
    "link by a descriptor": (
        "import ctypes\nfd = os.open(x[0], os.O_PATH)\nctypes.CDLL(None).linkat(fd, b'', -100, b'mine', 0x1000)\nreturn open('mine').read()"
    ),
    "link by way of proc": (
        "fd = os.open(x[0], os.O_PATH)\nos.link(f'/proc/self/fd/{fd}', 'mine', follow_symlinks=True)\nreturn open('mine').read()"
    ),
    "link beside it": "os.link(x[0], x[0] + x[1])\nreturn open(x[0] + x[1]).read()",
    "link above its folder": "os.link(x[0], '../' + x[1])\nreturn open('../' + x[1]).read()",
}


def _by_hard_link(scene: Scene) -> Finding:
    return leaks(scene, _HARD_LINKS, [_answers(scene), scene.mark])


def _of_the_judge(scene: Scene) -> Finding:
    return leaks(scene, MEMORY, [scene.judge, os.getpid()], helpers=RECALL)


def _of_its_own_memory(scene: Scene) -> Finding:
    """What an earlier call was sent must be as unknown as what the judge holds."""
    tries = [(name, body, size) for name, body in EARLIER.items() for size in _SIZES]
    through = {name for name, body, size in tries if _recalls(scene, body, size)}
    return finding(len(EARLIER), sorted(through), "an answer or what an earlier call was sent was found in memory")


def _recalls(scene: Scene, body: str, size: int) -> bool:
    """Whether this body finds the sentinel, or what the call before it was sent in its payload and in a file of its tree."""
    earlier = f"answer-{secrets.token_hex(12)}"
    text = f"{earlier} " * size
    scene.call({"m.py": f"TEXT = {text!r}\ndef f(x):\n    return [x, TEXT]\n".encode()}, "f", {"sent": text}, module="m")
    reply = scene.ask(f"{FOUND}\n{source_of(body)}")
    return scene.knows(reply) or earlier in f"{reply.value!r}{reply.stdout}{reply.reason}"


def _inherited(scene: Scene) -> Finding:
    with _secretive(scene), contextlib.closing(scene.open_jail()) as jail:
        tree = {"attack.py": f"{FOUND}\n{source_of(INHERITED)}".encode()}
        reply = jail.call(Call(files=tree, module="attack", function="f", payload=None))
    seen = reply.value if isinstance(reply.value, dict) else {}
    surplus = [f"the environment variable {name}" for name in _texts(seen, "environment") if name not in _ALLOWED_NAMES]
    surplus += [f"the descriptor {fd}" for fd in _texts(seen, "descriptors") if fd not in ("0", "1", "2", "3")]
    surplus += [f"the argument {word[:20]!r}" for word in _texts(seen, "arguments") if word]
    return finding(1, [*surplus, *(["its content"] if scene.knows(reply) else [])], "something was inherited")


def _texts(seen: dict[str, Json], name: str) -> list[str]:
    items = seen.get(name, [])
    return [str(item) for item in items] if isinstance(items, list) else []


@contextlib.contextmanager
def _secretive(scene: Scene) -> Iterator[None]:
    """This process with the answers in its environment and in an open file that its children would get."""
    with (scene.folder / "answers.json").open("rb") as held:
        os.set_inheritable(held.fileno(), True)
        os.environ["RSI_ANSWERS"] = scene.sentinel
        try:
            yield
        finally:
            del os.environ["RSI_ANSWERS"]


_EVERYWHERE = """
places = [os.getcwd(), '/tmp', '..', *sys.path, '/var/tmp', '/dev/shm', os.path.expanduser('~'), '/root', '/home', '/workspace', '/box',
          '/etc', '/opt', '/srv', '/mnt', '/var', '/run', '/usr/local', '/']
return ' '.join(search([place], 2_000) for place in dict.fromkeys(places))
"""


def _everywhere(scene: Scene) -> Finding:
    return leaks(scene, {"a search of everything that can be read": _EVERYWHERE}, None, helpers=SEARCH)


_HISTORY = {
    "the tree it is given": "return search([os.getcwd()], 1_000)",
    "git folders above it": "return search([os.path.join('../' * n, name) for n in range(6) for name in ('.git', 'objects.git')], 1_000)",
    "the repository by its path": "return search([x], 1_000)",
}


def _history(scene: Scene) -> Finding:
    """A repository whose last commit no longer has what the one before it had."""
    with tempfile.TemporaryDirectory(prefix="rsi-history-") as place:
        os.chmod(place, 0o755)
        archive = GitArchive(Path(place) / "objects.git")
        fixed = archive.add({"fix.py": f"ANSWER = {scene.sentinel!r}\n".encode()}, parents=(), message=f"fix: {scene.sentinel}")
        bare = archive.add({"task.py": b"ANSWER = None\n"}, parents=(fixed,), message="the task")
        files = archive.files(bare)
        archive.close()
        return leaks(scene, _HISTORY, f"{place}/objects.git", helpers=SEARCH, files=files)


_MEMORISED = """
def key(case):
    return json.dumps(case["examples"], sort_keys=True)


def solve(message):
    return said([KNOWN.get(key(case), WRONG) for case in message["cases"]])
"""


def _memorised(scene: Scene) -> Finding:
    old, new = scored.season(1), scored.season(2)
    known = {_key(case.question): old.programs[case.id] for case in old.cases}
    source = f"{scored.with_answers({})}KNOWN = {known!r}\n{_MEMORISED}"
    before, after = scored.mean(scored.run(scene, source, old)), scored.mean(scored.run(scene, source, new))
    if before < 1.0:
        return Finding(held=False, seen=f"the table scores {before:.2f} on the cases that it was made of: the judge is at fault")
    return Finding(held=after == 0, seen=f"a lookup table scores {before:.2f} on the cases that it has seen and {after:.2f} on fresh ones")


def _key(question: Json) -> str:
    examples = question["examples"] if isinstance(question, dict) else None
    return json.dumps(examples, sort_keys=True)


_MANY = {
    "two answers for each case": "def solve(message):\n    return said([t for c in message['cases'] for t in (WRONG, TABLE[c['id']])])",
    "all answers, and again in another order": (
        "def solve(message):\n    texts = [TABLE[c['id']] for c in message['cases']]\n    return said([WRONG] * len(texts) + texts)"
    ),
    "a list in place of an answer": (
        "def solve(message):\n    return {'answers': [{'answer': [WRONG, TABLE[c['id']]], 'programs': 1} for c in message['cases']]}"
    ),
    "a second field": (
        "def solve(message):\n"
        "    return {'answers': [{'answer': WRONG, 'programs': 1, 'second': TABLE[c['id']]} for c in message['cases']]}"
    ),
    "a second list": "def solve(message):\n    return {**wrong(message), 'retry': right(message)['answers']}",
    "several messages": "def solve(message):\n    return [wrong(message), right(message)]",
    "more programs than allowed": (
        "def solve(message):\n    return {'answers': [{**item, 'programs': 10**9} for item in right(message)['answers']]}"
    ),
    "fewer than no programs": "def solve(message):\n    return {'answers': [{**one, 'programs': -1} for one in right(message)['answers']]}",
}


def _by_force(scene: Scene) -> Finding:
    return scored.floor(scene, _MANY)


def _oracle(scene: Scene) -> Finding:
    """Which of some paths exist is the secret; a way that tells them apart by what it gets for each is an oracle."""
    with tempfile.TemporaryDirectory(prefix="rsi-there-") as place:
        os.chmod(place, 0o755)
        there = [bool(secrets.randbits(1)) for _ in range(_QUESTIONS // 2)]
        there += [not bit for bit in there]
        paths = [f"{place}/{index}.json" for index in range(_QUESTIONS)]
        for path, exists in zip(paths, there, strict=True):
            if exists:
                Path(path).write_text("{}", encoding="utf-8")
        replies = {name: scene.ask(source_of(body), list(paths)) for name, body in STAT.items()}
    return finding(len(STAT), [name for name, reply in replies.items() if _tells(reply, there)], "what exists can be told")


def _tells(reply: Reply, there: list[bool]) -> bool:
    seen = reply.value
    if not isinstance(seen, list) or len(seen) != len(there):
        return False
    yes = {str(item) for item, exists in zip(seen, there, strict=True) if exists}
    no = {str(item) for item, exists in zip(seen, there, strict=True) if not exists}
    return not yes & no


_attack = partial(Attack, family=_FAMILY)

ATTACKS = (
    _attack(id="A01", name="open a hidden file by its path", must="denied", run=_by_path, quick=True),
    _attack(id="A02", name="read it through a link in the workspace", must="denied", run=_by_symlink),
    _attack(id="A03", name="read it by .., /proc/self/root, /proc/self/cwd", must="denied", run=_upwards),
    _attack(id="A04", name="make a hard link to it", must="denied", run=_by_hard_link),
    _attack(
        id="A05",
        name="environment, memory and files of the judge; process_vm_readv; ptrace",
        must="denied, and the judge's heart beats on",
        run=_of_the_judge,
        quick=True,
    ),
    _attack(
        id="A06",
        name="frames, gc, modules, memory of its own process",
        must="neither an answer nor an earlier call is in any of it",
        run=_of_its_own_memory,
    ),
    _attack(id="A07", name="descriptors and environment that were inherited", must="only those allowed", run=_inherited, tiers=EVERY_TIER),
    _attack(id="A08", name="search everything that can be read", must="no answer is anywhere", run=_everywhere),
    _attack(id="A09", name="the history of a task's repository", must="it is not there", run=_history),
    _attack(id="A10", name="answers memorised from an earlier season", must="fresh cases, floor", run=_memorised, tiers=EVERY_TIER),
    _attack(id="A11", name="many answers for one case", must="one counts, or none", run=_by_force, tiers=EVERY_TIER),
    _attack(
        id="A12",
        name="find out which files exist",
        must="the same for every path (S3); reported at S2",
        run=_oracle,
        tiers=frozenset({"S4", "S3"}),
    ),
)
"""In the order of their numbers."""
