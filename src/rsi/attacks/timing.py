"""A30–A32, A35–A36: lying about time, working when nobody looks, ignoring the end, multiplying."""

import time

from rsi.attacks.host import cpu_seconds
from rsi.attacks.model import EVERY_TIER, Attack, Finding
from rsi.attacks.raw import attempts, told
from rsi.attacks.scene import Scene
from rsi.core.protocols import Limits, Reply
from rsi.core.records import Outcome

__all__ = ["ATTACKS"]

_FAMILY = "time and resources"
_WORK_S, _SLACK_S = 0.2, 0.02
_LIMIT_S, _LATE_S = 0.3, 3.0
_LOOK_S, _GRACE_S = 0.25, 0.2

_FAKE_CLOCKS = """
_real = (time.process_time, time.sleep, time.monotonic)
for _name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
    setattr(time, _name, lambda: 0.0)
    setattr(time, _name + "_ns", lambda: 0)
os.times = lambda: (0.0, 0.0, 0.0, 0.0, 0.0)
time.clock_gettime = lambda which: 0.0
resource.getrusage = lambda who: None
time.sleep = lambda seconds: None


def computes_unseen(seconds):
    until = _real[0]() + seconds
    while _real[0]() < until:
        pass
    return "computed"


def sleeps_unseen(seconds):
    until = _real[2]() + seconds
    while _real[2]() < until:
        _real[1](0.01)
    return "slept"


def never_ends(_):
    while True:
        pass


def never_ends_and_stops_every_alarm(_):
    while True:
        signal.alarm(0)
        for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(which, 0)


def sets_the_clock_back(_):
    kernel(227, 112, 0, struct.pack("=qq", *divmod(time.time_ns(), 10**9)))
    return "set"


def turns_the_clock(_):
    kernel(159, 171, ctypes.create_string_buffer(struct.pack("=I84xq", 0x4000, 10000) + bytes(112)))
    return "set"
"""

_AFTERWARDS = """
def _work():
    until = time.monotonic() + 5
    while time.monotonic() < until:
        pass


def in_a_thread(mark):
    import threading
    threading.Thread(target=_work, daemon=True).start()


def in_a_thread_that_must_be_awaited(mark):
    import threading
    threading.Thread(target=_work).start()


def in_a_bare_thread(mark):
    import _thread
    _thread.start_new_thread(_work, ())


def in_a_child(mark):
    if os.fork() == 0:
        name_it(mark)
        _work()
        os._exit(0)


def in_a_session_of_its_own(mark):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            name_it(mark)
            _work()
        os._exit(0)


def at_exit(mark):
    import atexit
    atexit.register(_work)


def by_an_alarm(mark):
    signal.signal(signal.SIGALRM, lambda *_: _work())
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def when_collected(mark):
    class Late:
        def __del__(self):
            _work()
    sys.late = Late()
"""

_AT_IMPORT = {
    "computing": "import time\nuntil = time.process_time() + {work}\nwhile time.process_time() < until:\n    pass\n",
    "waiting": "import time\nuntil = time.monotonic() + {work}\nwhile time.monotonic() < until:\n    time.sleep(0.01)\n",
    "endless": "while True:\n    pass\n",
}

_ENDLESS = """
import contextlib


def _turn():
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


def ignores_every_signal(mark):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    _turn()


def catches_every_signal(mark):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, lambda *_: None)
        except OSError:
            pass
    _turn()


def blocks_every_signal(mark):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    _turn()


def sleeps_without_end(mark):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(1000)


def leaves_its_group(mark):
    os.setsid()
    _turn()


def has_a_child(mark):
    os.fork()
    name_it(mark)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        pass
    os._exit(0)


def closes_its_pipes(mark):
    os.closerange(0, 64)
    _turn()
"""

_MANY = """
def _stay(mark):
    name_it(mark)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.01)
    os._exit(0)


def a_fork_bomb(mark):
    born = 0
    try:
        while born < 60:
            if os.fork() == 0:
                _stay(mark)
            born += 1
    except OSError:
        pass
    return born and _stay(mark)


def a_fork_bomb_of_sessions(mark):
    for _ in range(20):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                _stay(mark)
            os._exit(0)
    return True


def a_double_fork(mark):
    if os.fork() == 0:
        if os.fork() == 0:
            _stay(mark)
        os._exit(0)
    return True


def a_daemon_without_pipes(mark):
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 64)
        os.chdir("/")
        if os.fork() == 0:
            _stay(mark)
        os._exit(0)
    return True


def a_clone_of_its_parent(mark):
    if kernel(56, 220, 0x8000 | 17, 0, 0, 0, 0) == 0:
        _stay(mark)
    return True


def a_clone_by_the_new_call(mark):
    if kernel(435, 435, struct.pack("=11Q", 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88) == 0:
        _stay(mark)
    return True


def a_thread(mark):
    import _thread
    _thread.start_new_thread(_stay, (mark,))
    return True


def a_program(mark):
    os.posix_spawn("/bin/sleep", ["sleep", "20", mark], {})
    return True
"""


def _fake_clocks(scene: Scene) -> Finding:
    limits = Limits(wall_s=_LIMIT_S + _WORK_S)

    def through(reply: Reply) -> bool:
        worked = {"computed": reply.clock.cpu_s, "slept": reply.clock.wall_s, "set": 0.0}
        return isinstance(reply.value, str) and worked.get(reply.value, _WORK_S) < _WORK_S - _SLACK_S

    return attempts(scene, _FAKE_CLOCKS, _WORK_S, what="the clock was deceived", through=through, limits=limits)


def _afterwards(scene: Scene) -> Finding:
    ways = attempts(scene, _AFTERWARDS, scene.mark, what="it ran on", through=lambda _: False, limits=Limits(wall_s=_LIMIT_S))
    family = [*scene.jail().standing, *scene.survivors()]
    before = cpu_seconds(family)
    time.sleep(_LOOK_S)
    used = cpu_seconds(family) - before
    if used > _SLACK_S:
        return Finding(held=False, seen=f"{used:.2f} s of CPU in {_LOOK_S} s after the reply")
    return ways


def _at_import(scene: Scene) -> Finding:
    got = []
    for name, text in _AT_IMPORT.items():
        reply = scene.ask(text.format(work=_WORK_S) + "def f(x):\n    return 1\n", limits=Limits(wall_s=_LIMIT_S + _WORK_S))
        seconds = {"computing": reply.clock.cpu_s, "waiting": reply.clock.wall_s}.get(name, _WORK_S)
        answered = reply.outcome is Outcome.ANSWERED  # on a busy machine it may be ended before it has done its work
        if answered and (name == "endless" or seconds < _WORK_S - _SLACK_S):
            got.append(name)
    return told(len(_AT_IMPORT), got, "it was not charged")


def _endless(scene: Scene) -> Finding:
    return _ended(scene, _ENDLESS, "it did not end")


def _many(scene: Scene) -> Finding:
    return _ended(scene, _MANY, "something outlived it")


def _many_agents(scene: Scene) -> Finding:
    return _ended(scene, _MANY, "something outlived it", profile="agent")


def _ended(scene: Scene, source: str, what: str, profile: str = "function") -> Finding:
    """Whether every way ends and leaves nobody, and how long after its limit the slowest ended."""
    began, slowest = time.monotonic(), 0.0

    def through(_: Reply) -> bool:
        nonlocal began, slowest
        late = time.monotonic() - began - _LIMIT_S
        slowest = max(slowest, late)
        stays = _stays(scene)
        began = time.monotonic()
        return late > _LATE_S or stays

    found = attempts(scene, source, scene.mark, what=what, through=through, limits=Limits(wall_s=_LIMIT_S), profile=profile)
    return Finding(held=found.held, seen=f"{found.seen}; the slowest ended {max(0.0, slowest):.2f} s after its limit")


def _stays(scene: Scene) -> bool:
    """Whether anybody is still there after 200 ms."""
    until = time.monotonic() + _GRACE_S
    while scene.survivors():
        if time.monotonic() > until:
            return True
        time.sleep(0.02)
    return False


ATTACKS = (
    Attack(id="A30", name="fake clocks", family=_FAMILY, must="the kernel's own clock counts", run=_fake_clocks, tiers=EVERY_TIER),
    Attack(id="A31", name="work on after the answer", family=_FAMILY, must="nobody works on", run=_afterwards, tiers=EVERY_TIER),
    Attack(id="A32", name="work at import", family=_FAMILY, must="charged and limited", run=_at_import, tiers=EVERY_TIER),
    Attack(id="A35", name="ignore every signal", family=_FAMILY, must="ended at its limit", run=_endless, tiers=EVERY_TIER),
    Attack(
        id="A36",
        name="fork bomb, double fork, sessions, daemons",
        family=_FAMILY,
        must="nobody is left after 200 ms",
        run=_many,
        tiers=EVERY_TIER,
        quick=True,
    ),
    Attack(
        id="A36-agent",
        name="fork bomb, double fork, sessions, daemons of an agent",
        family=_FAMILY,
        must="nobody is left after 200 ms",
        run=_many_agents,
        profile="agent",
    ),
)
"""In the order of their numbers."""
