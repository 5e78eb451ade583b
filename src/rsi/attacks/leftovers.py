"""A33–A34: handing something to the next call, and spoiling it for the next one."""

import os

from rsi.attacks.host import common_folders, key_of, standing_of
from rsi.attacks.model import Attack, Finding
from rsi.attacks.raw import attempts, one_way, says_so, told, ways_in
from rsi.attacks.scene import Scene
from rsi.core.protocols import Reply
from rsi.core.records import Json, Outcome

__all__ = ["ATTACKS"]

_FAMILY = "time and resources"

_CHANNELS = """
def _files(at):
    return [f"{place}/{at['mark']}-c" for place in [*at["places"], "..", "/box", "/proc", os.path.dirname(os.__file__), at["home"]]]


def files(at):
    found = []
    for path in _files(at):
        try:
            if at["put"]:
                open(path, "w").write(str(at["word"]))
            else:
                found.append(open(path).read())
                os.unlink(path)
        except OSError:
            pass
    return found


def folders(at):
    found = []
    for path in _files(at):
        try:
            os.mkdir(path + "d") if at["put"] else os.rmdir(path + "d")
            found.append(1)
        except OSError:
            pass
    return found


def _things(at):
    return [*at["places"], "..", "/", "/box", "/dev/null", "/proc", os.__file__, sys.executable]


def times_of_files(at):
    found = []
    for path in _things(at):
        try:
            if at["put"]:
                os.utime(path, (at["word"], at["word"]))
            elif int(os.stat(path).st_mtime) == at["word"]:
                found.append(path)
                os.utime(path)
        except OSError:
            pass
    return found


def attributes_of_files(at):
    found = []
    for path in _things(at):
        try:
            if at["put"]:
                os.setxattr(path, "user.rsi", b"1")
            else:
                os.removexattr(path, "user.rsi")
                found.append(path)
        except OSError:
            pass
    return found


def shared_memory(at):
    got = kernel(29, 194, at["key"], 4096, 0o1666 if at["put"] else 0)
    return None if at["put"] else [got, kernel(31, 195, got, 0, None)]


def semaphores(at):
    got = kernel(64, 190, at["key"], 1, 0o1666 if at["put"] else 0)
    return None if at["put"] else [got, kernel(66, 191, got, 0, 0, None)]


def message_queues(at):
    got = kernel(68, 186, at["key"], 0o1666 if at["put"] else 0)
    return None if at["put"] else [got, kernel(71, 187, got, 0, None)]


def posix_queues(at):
    name = at["mark"].encode()
    if at["put"]:
        kernel(240, 180, name, 0o102, 0o666, None)
    else:
        return [kernel(240, 180, name, 2, 0, None), kernel(241, 181, name)]


def _ring(at, ring):
    if at["put"]:
        kernel(248, 217, b"user", at["mark"].encode(), b"x", 1, ring)
    else:
        got = kernel(250, 219, 10, ring, b"user", at["mark"].encode(), 0)
        kernel(250, 219, 9, got, ring)
        return [got]


def keys_of_the_user(at):
    return _ring(at, -4)


def keys_of_the_session(at):
    return _ring(at, -3)


def keys_of_the_thread(at):
    return _ring(at, -1)


def abstract_sockets(at):
    s = socket.socket(socket.AF_UNIX)
    if not at["put"]:
        s.connect(chr(0) + at["mark"])
        return [1]
    s.bind(chr(0) + at["mark"])
    s.listen()
    if os.fork() == 0:
        name_it(at["mark"])
        time.sleep(3)
        os._exit(0)


def environment(at):
    if at["put"]:
        os.environ["RSI_WORD"] = LIBC.setenv(b"RSI_WORD", b"x", 1) or "x"
    return None if at["put"] else [name for name in os.environ if name == "RSI_WORD"]


def modules(at):
    if at["put"]:
        struct.rsi_word = sys.modules["rsi_word"] = 1
    return None if at["put"] else ["rsi_word"] * (hasattr(struct, "rsi_word") or "rsi_word" in sys.modules)


def _parent(at):
    if os.getppid() == at["suite"]:
        raise OSError("never the process that runs the suite")
    return os.getppid()


def limits_of_its_parent(at):
    what = resource.RLIMIT_MSGQUEUE
    if at["put"]:
        resource.prlimit(_parent(at), what, (at["word"] % 800_000, resource.getrlimit(what)[1]))
    return None if at["put"] else [1] * (resource.getrlimit(what)[0] == at["word"] % 800_000)


def the_memory_killer(at):
    if at["put"]:
        open(f"/proc/{_parent(at)}/oom_score_adj", "w").write("7")
    return None if at["put"] else [1] * (open("/proc/self/oom_score_adj").read().strip() == "7")


def working_folder(at):
    if at["put"]:
        os.chdir("/")
        os.umask(0o123)
    return None if at["put"] else [1] * (os.getcwd() == "/" or os.umask(0) == 0o123)


def bytecode(at):
    if at["put"]:
        os.makedirs("__pycache__", exist_ok=True)
        open("__pycache__/rsi_word.pyc", "w").close()
    return None if at["put"] else [name for name in os.listdir("__pycache__") if "rsi_word" in name]
"""

_SLOWING = """
def in_a_child(at):
    if os.fork() == 0:
        name_it(at["mark"])
        until = time.monotonic() + 5
        while time.monotonic() < until:
            pass
        os._exit(0)


def in_a_thread(at):
    import _thread
    _thread.start_new_thread(lambda: [None for _ in range(10**8)], ())


def _parent(at):
    if os.getppid() == at["suite"]:
        raise OSError("never the process that runs the suite")
    return os.getppid()


def priority_of_its_parent(at):
    os.setpriority(os.PRIO_PROCESS, _parent(at), 19)


def processors_of_its_parent(at):
    os.sched_setaffinity(_parent(at), [min(os.sched_getaffinity(0))])


def scheduling_of_its_parent(at):
    os.sched_setscheduler(_parent(at), os.SCHED_IDLE, os.sched_param(0))


def cpu_of_its_parent(at):
    resource.prlimit(_parent(at), resource.RLIMIT_CPU, (600, 601))


def memory_of_its_parent(at):
    resource.prlimit(_parent(at), resource.RLIMIT_AS, (1 << 28, 1 << 28))


def descriptors_of_its_parent(at):
    resource.prlimit(_parent(at), resource.RLIMIT_NOFILE, (8, 8))


def a_timer_of_its_parent(at):
    kernel(424, 424, kernel(434, 434, _parent(at), 0), signal.SIGURG, 0, 0)
"""


def _kept(scene: Scene) -> Finding:
    """Each way puts a word somewhere in one call and looks for it in the next."""
    at: dict[str, Json] = {"places": [*common_folders()], "mark": scene.mark, "key": key_of(scene.mark), "home": os.path.expanduser("~")}
    at |= {"word": 1_000_000_000 + key_of(scene.mark) % 1_000_000, "suite": os.getpid()}
    ways = ways_in(_CHANNELS)
    got = []
    for way in ways:
        one_way(scene, _CHANNELS, way, {**at, "put": True})
        if says_so(one_way(scene, _CHANNELS, way, {**at, "put": False})):
            got.append(way)
    return told(len(ways), got, "the next call found it")


def _slowing(scene: Scene) -> Finding:
    honest = "def f(x):\n    return sum(i * i for i in range(x))\n"
    expected = scene.ask(honest, 1000).value
    last = [standing_of(pid) for pid in sorted(scene.jail().standing)]

    def through(_: Reply) -> bool:
        nonlocal last
        reply = scene.ask(honest, 1000)
        before, last = last, [standing_of(pid) for pid in sorted(scene.jail().standing)]
        return (reply.outcome, reply.value) != (Outcome.ANSWERED, expected) or before != last

    payload: Json = {"mark": scene.mark, "suite": os.getpid()}
    return attempts(scene, _SLOWING, payload, what="the next one felt it", through=through)


ATTACKS = (
    Attack(
        id="A33",
        name="hand something to the next call by files, memory, queues, keys, sockets",
        family=_FAMILY,
        must="the next call finds nothing",
        run=_kept,
    ),
    Attack(id="A34", name="slow down or cripple the next call", family=_FAMILY, must="the next call is as it was", run=_slowing),
)
"""In the order of their numbers."""
