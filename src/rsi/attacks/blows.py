"""A46 and A48: running other programs and processes, and blows at the judge."""

import os

from rsi.attacks.host import standing_of
from rsi.attacks.model import Attack, Finding
from rsi.attacks.raw import attempts
from rsi.attacks.scene import Scene
from rsi.core.protocols import Limits, Reply
from rsi.core.records import Json, Outcome

__all__ = ["ATTACKS"]

_FAMILY = "escape"
_STOPS_S = 6.0
"""A call that is not over by then was stopped. On a busy machine one that nothing hit takes seconds."""

_PROGRAMS = """
def _commands(word):
    shell = ["/bin/sh", "-c", "echo ran-" + word]
    script = "import os; os.write(1, b'ran-" + word + "')"
    found = [[path, "-S", "-c", script] for path in (sys.executable, getattr(sys, "_base_executable", ""), "/proc/self/exe") if path]
    return [shell, *found]


def _every(word, act):
    for command in _commands(word):
        try:
            act(command)
        except OSError:
            pass


def exec_by_path(word):
    _every(word, lambda command: os.execv(command[0], command))


def exec_through_the_loader(word):
    loaders = [f"/lib64/{name}" for name in ("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")] + ["/lib/ld-linux-aarch64.so.1"]
    _every(word, lambda command: [os.execv(loader, [loader, *command]) for loader in loaders if os.path.exists(loader)])


def exec_by_descriptor(word):
    _every(word, lambda command: os.execve(os.open(command[0], os.O_PATH), command, {}))


def execveat_by_number(word):
    def act(command):
        words = (ctypes.c_char_p * (len(command) + 1))(*[part.encode() for part in command], None)
        kernel(322, 281, os.open(command[0], os.O_PATH), b"", words, None, 0x1000)
    _every(word, act)


def exec_from_memory(word):
    def act(command):
        place = kernel(319, 279, b"x", 0)
        os.write(place, open(command[0], "rb").read())
        os.execve(place, command, {})
    _every(word, act)


def exec_from_its_own_folder(word):
    def act(command):
        with open("mine", "wb", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
            file.write(open(command[0], "rb").read())
        os.execv("./mine", command)
    _every(word, act)


def exec_of_a_script(word):
    with open("script", "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
        file.write("#!/bin/sh\\necho ran-" + word)
    os.execv("./script", ["script"])


def fork_and_exec(word):
    if os.fork() == 0:
        _every(word, lambda command: os.execv(command[0], command))
        os._exit(0)
    os.wait()


def posix_spawn(word):
    _every(word, lambda command: os.waitpid(os.posix_spawn(command[0], command, {}), 0))


def subprocess_run(word):
    import subprocess
    _every(word, lambda command: subprocess.run(command, check=False))


def system(word):
    os.system("echo ran-" + word)


def the_c_librarys_system(word):
    LIBC.system(b"echo ran-" + word.encode())


def a_terminal_of_its_own(word):
    import pty
    if pty.fork()[0] == 0:
        os._exit(0)
    os.write(1, b"ran-" + word.encode())


def a_fork(word):
    if os.fork() == 0:
        os.write(1, b"ran-" + word.encode())
        os._exit(0)
    os.wait()


def a_fork_by_number(word):
    if kernel(56, 220, 17, 0, 0, 0, 0) == 0:
        os.write(1, b"ran-" + word.encode())
        os._exit(0)
    os.wait()


def a_thread(word):
    import _thread
    _thread.start_new_thread(os.write, (1, b"ran-" + word.encode()))
    time.sleep(0.1)


def trace_a_child(word):
    child = os.fork()
    if child == 0:
        kernel(101, 117, 0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    if os.WIFSTOPPED(os.waitpid(child, 0)[1]):
        os.write(1, b"ran-" + word.encode())
    kernel(101, 117, 7, child, 0, 0)
    os.wait()


def let_itself_be_traced(word):
    if kernel(101, 117, 0, 0, 0, 0) == 0:
        os.write(1, b"ran-" + word.encode())
"""

_BLOWS = """
def _every_way(pid):
    yield lambda number: os.kill(pid, number)
    yield lambda number: kernel(234, 131, pid, pid, number)
    yield lambda number: kernel(200, 130, pid, number)
    yield lambda number: kernel(129, 138, pid, number, struct.pack("=iii", number, 0, -1) + bytes(116))
    yield lambda number: kernel(297, 240, pid, pid, number, struct.pack("=iii", number, 0, -1) + bytes(116))
    yield lambda number: kernel(424, 424, kernel(434, 434, pid, 0), number, 0, 0)


def _strike(pids, number):
    for pid in pids:
        for way in _every_way(pid):
            try:
                way(number)
            except OSError:
                pass


def every_limit_of_the_judge(at):
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
        resource.prlimit(at["judge"], what, (4, 4))


def every_limit_by_number(at):
    kernel(302, 261, at["judge"], 7, struct.pack("=QQ", 4, 4), 0)


def the_priority_of_the_judge(at):
    os.setpriority(os.PRIO_PROCESS, at["judge"], 19)


def the_processors_of_the_judge(at):
    os.sched_setaffinity(at["judge"], [0])


def the_scheduling_of_the_judge(at):
    os.sched_setscheduler(at["judge"], os.SCHED_IDLE, os.sched_param(0))


def the_memory_killer(at):
    open(f"/proc/{at['judge']}/oom_score_adj", "w").write("900")


def the_control_group_of_the_judge(at):
    open(f"/proc/{at['judge']}/cgroup", "w").write("0::/rsi")


def a_signal_to_everybody(at):
    os.kill(at["everybody"], signal.SIGURG)


def a_signal_to_its_group(_):
    os.kill(0, signal.SIGURG)


def a_signal_to_the_group_of_the_judge(at):
    os.killpg(at["group"], signal.SIGURG)


def a_signal_through_a_pipe(at):
    import fcntl
    for own in ((8, at["judge"]), (15, struct.pack("=ii", 1, at["judge"]))):
        read, write = os.pipe()
        fcntl.fcntl(read, own[0], own[1])
        fcntl.fcntl(read, 10, int(signal.SIGURG))
        fcntl.fcntl(read, fcntl.F_SETFL, fcntl.fcntl(read, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(write, b"x")


def trace_the_judge(at):
    kernel(101, 117, 0x4206, at["judge"], 0, 0)
    kernel(101, 117, 0x4207, at["judge"], 0, 0)
    time.sleep(0.1)


def tell_the_judge(at):
    _strike([at["judge"]], signal.SIGURG)


def stop_the_judge(at):
    _strike([at["judge"]], signal.SIGSTOP)


def kill_the_judge(at):
    _strike([at["judge"]], signal.SIGKILL)


def _above(at):
    # Never the process that runs the suite.
    return [pid for pid in (os.getppid(), *at["zygote"]) if pid != at["suite"]]


def stop_the_zygote(at):
    _strike(_above(at), signal.SIGSTOP)
    time.sleep(0.05)


def kill_the_zygote(at):
    _strike(_above(at), signal.SIGKILL)
    time.sleep(0.05)
"""


def _programs(scene: Scene) -> Finding:
    word = scene.mark[-12:]
    limits = Limits(wall_s=1.5)

    def through(reply: Reply) -> bool:
        return f"ran-{word}" in reply.stdout

    return attempts(scene, _PROGRAMS, word, what="another program or process ran", through=through, limits=limits)


def _blows(scene: Scene) -> Finding:
    scene.calm()
    zygote = scene.jail().standing
    last = standing_of(scene.judge)
    told: Json = {
        "judge": scene.judge,
        "everybody": scene.everybody,
        "group": os.getpgid(scene.judge),
        "zygote": [*sorted(zygote)],
        "suite": os.getpid(),
    }

    def through(reply: Reply) -> bool:
        nonlocal last
        before, last = last, standing_of(scene.judge)
        return before != last or not all(standing_of(pid)["being alive"] for pid in zygote) or reply.outcome is Outcome.TIMED_OUT

    return attempts(scene, _BLOWS, told, what="a blow hit", through=through, limits=Limits(wall_s=_STOPS_S))


ATTACKS = (
    Attack(
        id="A46",
        name="exec a shell, exec from memory, fork, thread, trace a child",
        family=_FAMILY,
        must="nothing else runs",
        run=_programs,
        quick=True,
    ),
    Attack(
        id="A48",
        name="kill, stop, limit, renice the judge; signal everybody",
        family=_FAMILY,
        must="judge and zygote live on",
        run=_blows,
        quick=True,
    ),
)
"""In the order of their numbers."""
