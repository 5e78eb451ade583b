"""A37–A39: using up memory, disks, descriptors, timers, and claiming more work than a machine can do; all of it bounded, for the host."""

from rsi.attacks.model import EVERY_TIER, Attack, Finding
from rsi.attacks.raw import attempts
from rsi.attacks.scene import Scene
from rsi.attacks.scored import mean, season, with_answers
from rsi.core.protocols import Limits, Reply
from rsi.core.records import CandidateId, Manifest, Outcome
from rsi.kernel.evaluate import run_block

__all__ = ["ATTACKS"]

_FAMILY = "time and resources"
_LIMITS = Limits(wall_s=10.0, cpu_s=2.0, memory_bytes=400_000_000, disk_bytes=8_000_000)
_MEMORY, _DISK, _ENTRIES = 1_000_000_000, 420_000_000, 60_000
"""Far above every limit, for a jail looks at its folders only from time to time."""

_MEMORIES = """
MOST = 1_200_000_000


def four_gigabytes(_):
    return len(bytearray(4_000_000_000))


def a_megabyte_at_a_time(_):
    keep = []
    while len(keep) * 1_000_000 < MOST:
        keep.append(bytes(1_000_000))
    return len(keep) * 1_000_000


def mapped(_):
    import mmap
    keep = [mmap.mmap(-1, 100_000_000) for _ in range(40)]
    return 100_000_000 * len(keep)


def mapped_private(_):
    import mmap
    keep = [mmap.mmap(-1, 100_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000) for _ in range(40)]
    return 100_000_000 * len(keep)


def files_in_memory(_):
    keep = [kernel(319, 279, b"x", 0) for _ in range(40)]
    for file in keep:
        for _ in range(30):
            os.write(file, bytes(1_000_000))
    return sum(os.fstat(file).st_size for file in keep)


def shared_segments(_):
    keep = []
    for number in range(40):
        got = kernel(29, 194, 0, 100_000_000, 0o1600)
        kernel(30, 196, got, 0, 0)
        kernel(31, 195, got, 0, None)
        keep.append(got)
    return 100_000_000 * len(keep)


def by_the_brk_call(_):
    start = kernel(12, 214, 0)
    return kernel(12, 214, start + 4_000_000_000) - start


def endless_recursion(_):
    sys.setrecursionlimit(10**9)
    def deeper():
        return deeper() + 1
    return deeper()


def recursion_in_c(_):
    keep = []
    for _ in range(10**6):
        keep = [keep]
    sys.setrecursionlimit(10**9)
    return MOST if repr(keep) else 0
"""

_DISKS = """
def _held():
    found = [os.stat(os.path.join(folder, name)) for folder, _, names in os.walk(".") for name in names]
    return [sum(state.st_blocks * 512 for state in found), len(found)]


def one_huge_file(_):
    with open("big", "wb") as file:
        for _ in range(500):
            file.write(bytes(1_000_000))
    return _held()


def many_large_files(_):
    for number in range(400):
        with open(f"{number}", "wb") as file:
            for _ in range(7):
                file.write(bytes(1_000_000))
        if number * 7_000_000 > 1_200_000_000:
            break
    return _held()


def a_sparse_file(_):
    with open("sparse", "wb") as file:
        file.seek(10**11)
        file.write(b"x")
    return [os.stat("sparse").st_size, 1]


def a_file_that_is_stretched(_):
    os.truncate(os.open("stretched", os.O_CREAT | os.O_RDWR), 10**12)
    return [os.stat("stretched").st_size, 1]


def a_file_that_is_reserved(_):
    os.posix_fallocate(os.open("reserved", os.O_CREAT | os.O_RDWR), 0, 10**9)
    return _held()


def a_file_without_a_name(_):
    keep = []
    while len(keep) < 58:
        keep.append(os.open(".", os.O_TMPFILE | os.O_RDWR))
        for _ in range(8):
            os.write(keep[-1], bytes(1_000_000))
    return [sum(os.fstat(file).st_blocks * 512 for file in keep), len(keep)]


def removed_but_open_files(_):
    keep = []
    while len(keep) < 58:
        keep.append(os.open("x", os.O_CREAT | os.O_RDWR))
        os.unlink("x")
        for _ in range(8):
            os.write(keep[-1], bytes(1_000_000))
    return [sum(os.fstat(file).st_blocks * 512 for file in keep), len(keep)]


def many_small_files(_):
    for number in range(100_000):
        os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY))
    return [0, number + 1]


def many_names_of_a_file(_):
    open("x", "w").close()
    for number in range(100_000):
        os.link("x", f"{number}")
    return [0, number + 1]


def deep_folders(_):
    for number in range(5_000):
        os.mkdir("d")
        os.chdir("d")
    return [0, number + 1]
"""

_HANDLES = """
MOST = 3_000


def _count(make):
    keep = []
    try:
        while len(keep) < MOST:
            keep.append(make())
    except OSError:
        pass
    return len(keep)


def files(_):
    return _count(lambda: os.open("/dev/null", os.O_RDONLY))


def copies(_):
    return _count(lambda: os.dup(0))


def copies_with_high_numbers(_):
    import fcntl
    return _count(lambda: fcntl.fcntl(0, fcntl.F_DUPFD, 50))


def pipes(_):
    return 2 * _count(os.pipe)


def full_pipes(_):
    import fcntl
    def make():
        read, write = os.pipe()
        fcntl.fcntl(write, 1031, 1 << 20)
        os.write(write, bytes(1 << 20))
        return read
    return 2 * _count(make)


def pairs_of_sockets(_):
    return 2 * _count(socket.socketpair)


def descriptors_in_flight(_):
    first, second = socket.socketpair()
    def make():
        files = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
        socket.send_fds(first, [b"x"], files)
        for file in files:
            os.close(file)
    return 8 * _count(make)


def epolls(_):
    return _count(lambda: kernel(291, 20, 0))


def events(_):
    return _count(lambda: kernel(290, 19, 0, 0))


def inotify(_):
    return _count(lambda: kernel(294, 26, 0))


def watches_of_inotify(_):
    place = kernel(294, 26, 0)
    return _count(lambda: kernel(254, 27, place, b"/proc/self", 2))


def timers_with_descriptors(_):
    return _count(lambda: kernel(283, 85, 1, 0))


def timers(_):
    return _count(lambda: kernel(222, 107, 1, None, ctypes.create_string_buffer(8)))


def signals_with_descriptors(_):
    return _count(lambda: kernel(289, 74, -1, bytes(8), 8, 0))


def descriptors_of_processes(_):
    return _count(lambda: kernel(434, 434, os.getpid(), 0))


def waiting_signals(_):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
    info = struct.pack("=iii", signal.SIGRTMIN, 0, -1) + bytes(116)
    return _count(lambda: kernel(129, 138, os.getpid(), int(signal.SIGRTMIN), info))


def maps(_):
    import mmap
    return _count(lambda: mmap.mmap(-1, 4096)) // 100


def locks(_):
    import fcntl
    file = os.open("x", os.O_CREAT | os.O_RDWR)
    starts = iter(range(0, 10**6, 2))
    return _count(lambda: fcntl.lockf(file, fcntl.LOCK_EX, 1, next(starts))) // 100
"""


_CLAIMED = 10**9
_CLAIM = f"""
def solve(message):
    return {{"answers": [{{**item, "programs": {_CLAIMED}}} for item in right(message)["answers"]]}}
"""


def _exhausted(scene: Scene) -> Finding:
    return _used_up(scene, "function")


def _exhausted_by_agents(scene: Scene) -> Finding:
    return _used_up(scene, "agent")


def _used_up(scene: Scene, profile: str) -> Finding:
    def too_much(reply: Reply) -> bool:
        return reply.outcome is Outcome.ANSWERED and isinstance(reply.value, int) and reply.value >= _MEMORY

    def too_many(reply: Reply) -> bool:
        match reply.value:
            case [int(size), int(entries)]:
                return reply.outcome is Outcome.ANSWERED and (size > _DISK or entries >= _ENTRIES)
            case _:
                return False

    memory = attempts(scene, _MEMORIES, what="too much memory", through=too_much, limits=_LIMITS, profile=profile)
    disk = attempts(scene, _DISKS, what="too many or too large files", through=too_many, limits=_LIMITS, profile=profile, may_break=True)
    return Finding(held=memory.held and disk.held, seen=f"memory: {memory.seen}; disk: {disk.seen}")


def _handles(scene: Scene) -> Finding:
    def too_many(reply: Reply) -> bool:
        return reply.outcome is Outcome.ANSWERED and isinstance(reply.value, int) and reply.value > _LIMITS.files

    return attempts(scene, _HANDLES, what="more than its limit", through=too_many, limits=_LIMITS)


def _physics(scene: Scene) -> Finding:
    cases = season(1)
    trials, _ = run_block(
        scene.jail(),
        suite=cases.suite,
        candidate=CandidateId("attacker"),
        files={"attack.py": (with_answers(cases.programs) + _CLAIM).encode()},
        manifest=Manifest(name="attacker", entry="attack", surfaces={}),
        cases=cases.cases,
        programs=_CLAIMED,
        seed=1,
        limits=_LIMITS,
    )
    score = mean(trials)
    labels = sorted({trial.label for trial in trials})
    return Finding(held=score == 0.0, seen=f"score {score:.2f}, recorded as: {', '.join(labels)}")


_NAME = "4 GB of memory, deep recursion, many files, huge and sparse files"
ATTACKS = (
    Attack(id="A37", name=_NAME, family=_FAMILY, must="bounded, and given back", run=_exhausted),
    Attack(
        id="A37-agent",
        name=f"{_NAME}, of an agent",
        family=_FAMILY,
        must="bounded, and given back",
        run=_exhausted_by_agents,
        profile="agent",
    ),
    Attack(
        id="A39",
        name="claim more work than a machine can do",
        family=_FAMILY,
        must="a violation, and no score",
        run=_physics,
        tiers=EVERY_TIER,
    ),
    Attack(id="A38", name="descriptors, pipes, timers, inotify without end", family=_FAMILY, must="bounded", run=_handles),
)
"""In the order of their numbers."""
