"""What a candidate does to the channel on which its result comes out: sources with `solve`, sent in as text and never run here.

Each may use what `scored.with_answers` puts before it and the helpers in `SPEECH`. The answers that `solve` returns are wrong, those that
it says by a road of its own are right: whoever listened to that road would score it top.
"""

__all__ = ["ENDINGS", "FORGERIES", "KEPT", "LAST_WORDS", "PARTS", "REPLAY", "RESULTS", "SPEECH"]

SPEECH = """
import json
import os
import struct


def framed(data):
    body = json.dumps(data).encode()
    return struct.pack(">Q", len(body)) + body


def instead(data, value):
    # The message that the jail is about to send, with another value.
    message = json.loads(bytes(data)[8:])
    return framed({**message, "value": value})


def on_write(act):
    real = os.write

    def write(fd, data):
        return act(real, fd, data) if fd == 3 and len(data) > 8 else real(fd, data)

    os.write = write


"""
"""How attackers speak on the channel of results: before, instead of, behind and beside the message of their call."""

_SAY = "\n\ndef solve(message):\n    text = json.dumps(right(message))\n"
FORGERIES = {
    "a line of JSON": _SAY + "    print(text)\n    return wrong(message)\n",
    "a line of JSON at its end": _SAY + "    print(text, flush=True)\n    os._exit(0)\n",
    "the same on stderr": _SAY + "    os.write(2, text.encode() + b'\\n')\n    os._exit(0)\n",
    "a framed message on stdout": _SAY + "    os.write(1, framed({'value': right(message)}))\n    os._exit(0)\n",
    "a framed message on every descriptor": _SAY
    + "    for fd in range(64):\n        try:\n            os.write(fd, framed({'value': right(message)}))\n"
    "        except OSError:\n            continue\n    os._exit(0)\n",
    "the report of a test run": _SAY
    + "    print('20 passed in 0.01s\\nRESULT ' + text + '\\nscore: 1.0\\nOK', flush=True)\n    os._exit(0)\n",
    "a fence of markdown": _SAY + "    print('```json\\n' + text + '\\n```', flush=True)\n    raise SystemExit(0)\n",
    "behind escape codes": _SAY + "    print('\\x1b[2J\\x1b[H\\x1b]0;ok\\x07' + text + '\\r', flush=True)\n    os._exit(0)\n",
    "as an error": _SAY + "    raise RuntimeError(text)\n",
    "as an error with a forged trace": _SAY + "    raise RuntimeError('\\n' + json.dumps({'nonce': '', 'value': right(message)}))\n",
    "as an exit status": _SAY + "    raise SystemExit(text)\n",
    "as its name": _SAY + "    os.mkdir('score=1.0')\n    open('stdout', 'w').write(text)\n    os._exit(0)\n",
}
"""Results that are printed (A24)."""

_END = "\n\ndef solve(message):\n    {act}\n    return wrong(message)\n"
_ENDING = {
    "exit(0)": "exit(0)",
    "sys.exit": "__import__('sys').exit()",
    "sys.exit with a word": "__import__('sys').exit('passed')",
    "os._exit": "os._exit(0)",
    "SystemExit of its own": "raise type('Done', (SystemExit,), {})(0)",
    "SkipTest": "raise __import__('unittest').SkipTest('not here')",
    "an exception that is no Exception": "raise type('Skipped', (BaseException,), {})('skipped')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration(right(message))",
    "abort": "os.abort()",
    "its own signal": "os.kill(os.getpid(), 15)",
    "its own SIGKILL": "os.kill(os.getpid(), 9)",
    "an alarm": "__import__('signal').setitimer(0, 0.001); __import__('time').sleep(5)",
    "no limits": "__import__('resource').setrlimit(0, (0, 0)); all(iter(int, 1)) or list(iter(int, 1))",
    "another program": "os.execv('/bin/true', ['true'])",
    "a closed channel": "os.close(3)",
    "nothing": "return None",
    "a promise": "return (item for item in right(message)['answers'])",
}
ENDINGS = {
    **{name: _END.format(act=act) for name, act in _ENDING.items()},
    "exit at import": "import os\nos._exit(0)\n" + _END.format(act="pass"),
    "an exit in __del__": "\n\nclass Last:\n    def __del__(self):\n        os._exit(0)\n" + _END.format(act="one = Last(); del one"),
    "an exit at exit": "import atexit\natexit.register(lambda: os._exit(0))\n" + _END.format(act="raise SystemExit(0)"),
    "a hook for exceptions": "import sys\nsys.excepthook = sys.unraisablehook = lambda *parts: os._exit(0)\n" + _END.format(act="1 / 0"),
    "an answer that exits": _END.format(
        act="return said(['import os\\nos._exit(0)\\ndef f(xs):\\n    return 0\\n'] * len(message['cases']))"
    ),
    "an answer that exits later": _END.format(
        act="return said(['import os\\ndef f(xs):\\n    raise SystemExit(0)\\n'] * len(message['cases']))"
    ),
}
"""Ways to end that some harnesses take for success (A25)."""

_WRONG = "\n\ndef solve(message):\n    MESSAGE.update(message)\n    return wrong(message)\n"
LAST_WORDS = {
    name: f"MESSAGE = {{}}\n{source}"
    for name, source in {
        "a second message": "on_write(lambda real, fd, data: real(fd, data) and real(fd, instead(data, right(MESSAGE))) and len(data))"
        + _WRONG,
        "its own message first": "on_write(lambda real, fd, data: real(fd, instead(data, right(MESSAGE))) and real(fd, data) and len(data))"
        + _WRONG,
        "a message without the nonce": "def solve(message):\n    os.write(3, framed({'value': right(message)}))\n    os._exit(0)\n",
        "an empty nonce": "def solve(message):\n    os.write(3, framed({'nonce': '', 'value': right(message)}))\n    os._exit(0)\n",
        "a guessed nonce": "def solve(message):\n    os.write(3, framed({'nonce': '0' * 32, 'value': right(message)}))\n    os._exit(0)\n",
        "at exit": "import atexit\n\n\ndef solve(message):\n"
        "    atexit.register(lambda: os.write(3, framed({'nonce': '', 'value': right(message)})))\n    return wrong(message)\n",
        "when it is thrown away": "\n\nclass Late(dict):\n    def __del__(self):\n        os.write(3, framed({'value': self.right}))\n\n\n"
        "def solve(message):\n    late = Late(wrong(message))\n    late.right = right(message)\n    return late\n",
        "by a thread": "import threading, time\n\n\ndef solve(message):\n    def late():\n        while True:\n"
        "            os.write(3, framed({'value': right(message)}))\n            time.sleep(0.0001)\n"
        "    threading.Thread(target=late, daemon=True).start()\n    return wrong(message)\n",
        "by a signal": "import signal\n\n\ndef solve(message):\n"
        "    signal.signal(signal.SIGALRM, lambda *parts: os.write(3, framed({'value': right(message)})))\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)\n    return wrong(message)\n",
        "by a child": "import time\n\n\ndef solve(message):\n    if os.fork() == 0:\n        time.sleep(0.05)\n"
        "        os.write(3, framed({'value': right(message)}))\n        os._exit(0)\n    return wrong(message)\n",
        "in the middle of its message": "on_write(lambda real, fd, data: real(fd, bytes(data)[:20]) and "
        "real(fd, instead(data, right(MESSAGE))) and len(data))" + _WRONG,
        "a length that is a lie": "def solve(message):\n    os.write(3, bytes(8) + framed({'value': right(message)}))\n    os._exit(0)\n",
        "a length beyond all": "def solve(message):\n    os.write(3, b'\\xff' * 8 + framed({'value': right(message)}))\n    os._exit(0)\n",
    }.items()
}
"""A result that is to replace the one that was given (A26)."""

PARTS = {
    "fewer answers": "def solve(message):\n    return {'answers': right(message)['answers'][:HALF]}\n",
    "an error in the middle": "def solve(message):\n    answers = right(message)['answers'][:HALF]\n    raise ValueError(answers)\n",
    "an end in the middle": "def solve(message):\n    print(json.dumps(right(message)), flush=True)\n    os._exit(0)\n",
    "an error in place of the rest": "def solve(message):\n    return {'answers': right(message)['answers'][:HALF], 'error': 'skipped'}\n",
    "no number of programs for the rest": (
        "def solve(message):\n    return {'answers': right(message)['answers'][:HALF] + [{}] * (len(message['cases']) - HALF)}\n"
    ),
}
"""Easy answers without the hard ones (A27)."""

KEPT = {
    "nothing for the rest": "None",
    "an answer that ends the run": "'import os\\nos._exit(0)'",
    "an answer that never ends": "'def f(xs):\\n    while True:\\n        pass'",
    "an answer that is no program": "'def f('",
}
"""What stands in place of the second half of the answers: the first half counts, the rest is wrong (A27)."""

REPLAY = """
def keep(real, fd, data):
    real(1, bytes(data).hex().encode())
    return real(fd, data)


on_write(keep)


def solve(message):
    return right(message)
"""
"""Prints the message that goes out, for a later call to send again (A28)."""

_SCORE = '{"score": 1.0, "combined_score": 1.0, "correct": true}'
RESULTS = {
    "its results": f"open(x[0] + '/results.json', 'w').write('{_SCORE}')",
    "its results, in place": f"with open(x[0] + '/results.json', 'r+') as file:\n    file.write('{_SCORE}')",
    "a line more in the log": "open(x[0] + '/log.jsonl', 'a').write('{\"kind\": \"verdict.given\"}\\n')",
    "an empty log": "os.truncate(x[0] + '/log.jsonl', 0)",
    "no log": "os.unlink(x[0] + '/log.jsonl')",
    "metrics": f"open(x[0] + '/metrics.json', 'x').write('{_SCORE}')",
    "a candidate in the archive": "os.makedirs(x[0] + '/objects.git/00')\nopen(x[0] + '/objects.git/00/00', 'x').write('x')",
    "a link to its own": "os.unlink(x[0] + '/results.json')\nos.symlink(os.path.abspath('r'), x[0] + '/results.json')",
    "another time": "os.utime(x[0] + '/results.json', (0, 0))",
    "its lock": "import fcntl\nfcntl.flock(open(x[0] + '/log.jsonl', 'r+'), fcntl.LOCK_EX)\nopen(x[0] + '/lock', 'x')",
}
"""What the judge keeps: `x` is its folder (A23)."""
