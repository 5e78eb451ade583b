"""A23–A29: the way on which a result comes out."""

import contextlib
import resource
import sys
from functools import partial
from pathlib import Path

from rsi.attacks import scored, speaking
from rsi.attacks.model import EVERY_TIER, FENCED, Attack, Finding
from rsi.attacks.scene import Scene
from rsi.attacks.ways import changes, finding, source_of
from rsi.core.protocols import Limits
from rsi.core.records import Json, Outcome

__all__ = ["ATTACKS", "flood"]

_HALF = 10
_ROOM_BYTES = 64_000_000
_OWN_FILES = "\n".join(
    [
        "def solve(message):",
        "    for name in ('results.json', 'metrics.json', 'score', 'build.json', 'trials.json', '../results.json'):",
        "        try:",
        "            open(name, 'w').write(json.dumps({'score': 1.0, **right(message)}))",
        "        except OSError:",
        "            continue",
        "    return wrong(message)",
        "",
    ]
)


def _results(scene: Scene) -> Finding:
    own = scored.floor(scene, {"files of its own": _OWN_FILES})
    return changes(scene, speaking.RESULTS, scene.folder) if own.held else own


def _printed(scene: Scene) -> Finding:
    return _floor(scene, speaking.FORGERIES)


def _ended(scene: Scene) -> Finding:
    few = scored.season(1, 3)
    return scored.floor(scene, speaking.ENDINGS, helpers=_helpers(few), over=few)


def _last_word(scene: Scene) -> Finding:
    return _floor(scene, speaking.LAST_WORDS)


def _in_part(scene: Scene) -> Finding:
    """Half of the answers are right; a way to leave the others out must not be worth more than giving wrong ones."""
    found = _floor(scene, {name: f"HALF = {_HALF}\n{source}" for name, source in speaking.PARTS.items()})
    few = scored.season(1, 4)
    for name, text in speaking.KEPT.items():
        source = f"def solve(message):\n    return {{'answers': right(message)['answers'][:2] + said([{text}, None])['answers']}}\n"
        trials = scored.run(scene, _helpers(few) + source, few)
        if len(trials) != len(few.cases) or scored.mean(trials) > 0.5:
            return Finding(held=False, seen=f"{name}: {scored.mean(trials):.2f} for half of the answers")
    return found


def _floor(scene: Scene, ways: dict[str, str]) -> Finding:
    return scored.floor(scene, ways, helpers=_helpers(scored.season(1)))


def _helpers(season: scored.Season) -> str:
    return scored.with_answers(season.programs) + speaking.SPEECH


def _replayed(scene: Scene) -> Finding:
    """The message of a call that answered right is sent again by a later one that answers nothing."""
    season = scored.season(1)
    message: Json = {"cases": [case.question for case in season.cases]}
    first = scene.call({"attack.py": (_helpers(season) + speaking.REPLAY).encode()}, "solve", message)
    if first.outcome is not Outcome.ANSWERED:
        return Finding(held=True, seen=f"no message could be kept: {first.reason[:60]}")
    again = f"import os\n\n\ndef solve(message):\n    os.write(3, bytes.fromhex({first.stdout!r}))\n    os._exit(0)\n"
    found = scored.floor(scene, {"replay": again})
    kept = len(first.stdout) // 2
    return Finding(held=found.held, seen=f"a message of {kept} bytes, sent again, was refused" if found.held else found.seen)


_FLOODS = {
    "stdout": "for _ in range(x):\n    os.write(1, b'z' * 1_000_000)\nreturn 'done'",
    "an endless line on stderr": "for _ in range(x // 10):\n    os.write(2, b'\\x1b' * 1_000_000)\nreturn 'done'",
    "lines without end": "for _ in range(x // 10):\n    os.write(1, b'\\n' * 1_000_000)\nreturn 'done'",
}
_BROKEN_FLOODS = {
    "the result channel": "for _ in range(x // 10):\n    os.write(3, b'\\0' * 1_000_000)\nreturn 'done'",
    "an answer": "return 'z' * (x * 100_000)",
}
_QUESTIONS = "import os\n\n\ndef f(x, *ask):\n    for _ in range(x // 10):\n        os.write(4, b'\\xff' * 1_000_000)\n    return 'done'\n"


def flood(scene: Scene, megabytes: int = 1_000) -> Finding:
    """So many megabytes on stdout and a tenth of it on every other road: the host's memory stays as it is, and the result counts."""
    _forget_peak()
    before = _peak_bytes()
    limits = Limits(wall_s=60.0)
    lost = [name for name, body in _FLOODS.items() if scene.ask(source_of(body), megabytes, limits=limits).value != "done"]
    for body in _BROKEN_FLOODS.values():
        scene.ask(source_of(body), megabytes, limits=limits)
    asked = scene.call({"attack.py": _QUESTIONS.encode()}, "f", megabytes, limits=limits, serve=lambda question: question)
    if asked.value == "done":
        return Finding(held=False, seen="a flood of questions was taken for an honest call")
    grown = _peak_bytes() - before
    if grown > _ROOM_BYTES:
        return Finding(held=False, seen=f"the host's memory grew by {grown // 1_000_000} MB")
    found = finding(len(_FLOODS), lost, "a result was lost")
    return Finding(held=found.held, seen=f"{megabytes} MB, of which the host kept {grown / 1e6:.1f} MB" if found.held else found.seen)


def _forget_peak() -> None:
    """Begin to measure the greatest use of memory anew, where the machine allows it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_bytes() -> int:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


_attack = partial(Attack, family="result channel", tiers=EVERY_TIER)

ATTACKS = (
    _attack(id="A23", name="write results, metrics, archive, log", must="untouched", run=_results, tiers=FENCED),
    _attack(id="A24", name="print a forged result", must="never read as one", run=_printed),
    _attack(id="A25", name="exit(0), SkipTest, an exit in __del__", must="floor", run=_ended),
    _attack(
        id="A26",
        name="rewrite the result at exit, by thread, child or signal",
        must="the first complete message counts; more is a violation",
        run=_last_word,
        quick=True,
    ),
    _attack(id="A27", name="answer the easy cases, then crash", must="what is missing is wrong", run=_in_part),
    _attack(id="A28", name="send an earlier message again", must="another nonce, a violation", run=_replayed),
    _attack(id="A29", name="1 GB of output, an endless line", must="bounded memory, the result unaffected", run=flood),
)
"""In the order of their numbers."""
