"""The filter of system calls, run instruction by instruction against the kernel's own numbers: both processors decide alike."""

import struct
from collections.abc import Callable

import pytest

from rsi.kernel.sandbox.agent import program_filter
from rsi.kernel.sandbox.confine import program

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026

# From arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h: name, x86-64, aarch64 (None: it has no such call).
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    line.split()[0]: (number(line.split()[1]), number(line.split()[2]))
    for number in [lambda word: None if word == "-" else int(word)]
    for line in """
    read 0 63
    write 1 64
    open 2 -
    openat 257 56
    close 3 57
    fstat 5 80
    lseek 8 62
    mmap 9 222
    mprotect 10 226
    munmap 11 215
    brk 12 214
    rt_sigaction 13 134
    rt_sigprocmask 14 135
    rt_sigreturn 15 139
    mremap 25 216
    madvise 28 233
    getpid 39 172
    exit 60 93
    exit_group 231 94
    getcwd 79 17
    getdents64 217 61
    futex 202 98
    getrandom 318 278
    clock_gettime 228 113
    nanosleep 35 101
    setitimer 38 103
    getrusage 98 165
    sched_yield 24 124
    sched_getaffinity 204 123
    statx 332 291
    getuid 102 174
    mkdirat 258 34
    unlinkat 263 35
    socket 41 198
    connect 42 203
    bind 49 200
    socketpair 53 199
    fork 57 -
    vfork 58 -
    clone 56 220
    execve 59 221
    execveat 322 281
    kill 62 129
    tkill 200 130
    tgkill 234 131
    rt_sigqueueinfo 129 138
    chmod 90 -
    fchmod 91 52
    fchmodat 268 53
    chown 92 -
    fchown 93 55
    fchownat 260 54
    utimensat 280 88
    setxattr 188 5
    fsetxattr 190 7
    setrlimit 160 164
    setpriority 141 140
    sched_setaffinity 203 122
    setuid 105 146
    setresuid 117 147
    setsid 112 157
    prctl 157 167
    seccomp 317 277
    memfd_create 319 279
    shmget 29 194
    shmat 30 196
    msgget 68 186
    semget 64 190
    semtimedop 220 192
    chdir 80 49
    fchdir 81 50
    mq_open 240 180
    mknodat 259 33
    inotify_init1 294 26
    timer_create 222 107
    timerfd_create 283 85
    eventfd2 290 19
    ptrace 101 117
    process_vm_readv 310 270
    process_vm_writev 311 271
    kcmp 312 272
    mount 165 40
    umount2 166 39
    pivot_root 155 41
    chroot 161 51
    setns 308 268
    unshare 272 97
    bpf 321 280
    perf_event_open 298 241
    userfaultfd 323 282
    add_key 248 217
    request_key 249 218
    keyctl 250 219
    open_by_handle_at 304 265
    pidfd_getfd 438 438
    io_uring_setup 425 425
    io_uring_enter 426 426
    io_uring_register 427 427
    open_tree 428 428
    move_mount 429 429
    fsopen 430 430
    fsmount 432 432
    mount_setattr 442 442
    kexec_load 246 104
    kexec_file_load 320 294
    init_module 175 105
    finit_module 313 273
    delete_module 176 106
    reboot 169 142
    swapon 167 224
    swapoff 168 225
    settimeofday 164 170
    clock_settime 227 112
    acct 163 89
    sethostname 170 161
    setdomainname 171 162
    quotactl 179 60
    syslog 103 116
    vhangup 153 58
    fanotify_init 300 262
    iopl 172 -
    ioperm 173 -
    clone3 435 435
    pidfd_send_signal 424 424
    pidfd_open 434 434
    openat2 437 437
    landlock_create_ruleset 444 444
    memfd_secret 447 447
    fchmodat2 452 452
    """.strip().splitlines()
}
ALLOWED = """
    read write open openat close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn mremap
    madvise getpid exit exit_group getcwd getdents64 futex getrandom clock_gettime nanosleep setitimer getrusage
    sched_yield sched_getaffinity statx getuid mkdirat unlinkat chdir
""".split()
DEADLY = """
    ptrace process_vm_readv process_vm_writev kcmp mount umount2 pivot_root chroot setns unshare bpf perf_event_open
    userfaultfd add_key request_key keyctl open_by_handle_at pidfd_getfd io_uring_setup io_uring_enter io_uring_register
    open_tree move_mount fsopen fsmount mount_setattr kexec_load kexec_file_load init_module finit_module delete_module
    reboot swapon swapoff settimeofday clock_settime acct sethostname setdomainname quotactl syslog vhangup
    fanotify_init iopl ioperm
""".split()
UNKNOWN = "clone3 pidfd_send_signal pidfd_open openat2 landlock_create_ruleset memfd_secret fchmodat2".split()


def decide(
    machine: str, number: int, arguments: tuple[int, ...] = (), arch: int | None = None, of: Callable[[str], bytes] = program
) -> int:
    """What the kernel would answer: a machine for the six instructions that the filter uses."""
    data = struct.pack("IIQ6Q", number, ARCH[machine] if arch is None else arch, 0, *(*arguments, *[0] * 6)[:6])
    lines = list(struct.iter_unpack("HBBI", of(machine)))
    at, held = 0, 0
    while True:
        code, yes, no, constant = lines[at]
        if code == 0x06:
            return int(constant)
        if code == 0x20:
            (held,) = struct.unpack_from("I", data, constant)
            at += 1
            continue
        holds = {0x15: held == constant, 0x35: held >= constant, 0x25: held > constant, 0x45: bool(held & constant)}[code]
        at += 1 + (yes if holds else no)


def expected(name: str) -> int:
    if name in ALLOWED:
        return ALLOW
    if name in DEADLY:
        return KILL
    return ENOSYS if name in UNKNOWN else EPERM


# What this processor could do to other processes' rights is refused, events and timers of its own are harmless.
OWN = {"eventfd2": ALLOW}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_call_that_matters_is_answered_as_it_should_be(machine: str) -> None:
    column = list(ARCH).index(machine)
    wrong = {
        name: hex(decide(machine, number))
        for name, numbers in NUMBERS.items()
        if (number := numbers[column]) is not None and decide(machine, number) != OWN.get(name, expected(name))
    }
    assert wrong == {}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_no_process_can_ask_for_a_namespace_or_be_started(machine: str) -> None:
    clone = NUMBERS["clone"][list(ARCH).index(machine)]
    assert clone is not None
    assert decide(machine, clone, (17,)) == EPERM
    for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert decide(machine, clone, (flag | 17,)) == KILL


@pytest.mark.parametrize(("machine", "prlimit"), [("x86_64", 302), ("aarch64", 261)])
def test_limits_may_be_asked_for_and_never_set(machine: str, prlimit: int) -> None:
    assert decide(machine, prlimit, (0, 7, 0, 0x7F0000000000)) == ALLOW
    assert decide(machine, prlimit, (0, 7, 0x7F0000000000)) == EPERM
    assert decide(machine, prlimit, (0, 7, 0x1000)) == EPERM


def test_calls_of_another_processor_and_of_x32_end_the_process() -> None:
    assert decide("x86_64", 0, arch=0x40000003) == KILL
    assert decide("aarch64", 63, arch=0x40000028) == KILL
    assert all(decide("x86_64", 0x40000000 | number) == KILL for number in (0, 1, 39, 101, 512, 520))


def test_every_jump_stays_inside_the_filter() -> None:
    for machine in ARCH:
        lines = list(struct.iter_unpack("HBBI", program(machine)))
        assert all(at + 1 + max(yes, no) < len(lines) for at, (code, yes, no, _) in enumerate(lines) if code not in (0x06, 0x20))


def test_a_processor_without_a_table_is_said_to_have_none() -> None:
    with pytest.raises(OSError, match="riscv64"):
        program("riscv64")


@pytest.mark.parametrize(("machine", "fcntl"), [("x86_64", 72), ("aarch64", 25)])
def test_descriptors_may_be_copied_and_locked_but_send_no_signals(machine: str, fcntl: int) -> None:
    dup, locks, dup_cloexec, pipe_size, seals = [0, 1, 2, 3, 4], [5, 6, 7, 36, 37, 38], 1030, [1031, 1032], [1033, 1034]
    own, get_own, sig, get_sig, own_ex, lease, notify = 8, 9, 10, 11, 15, 1024, 1026
    answers = {command: decide(machine, fcntl, (5, command)) for command in range(1100)}
    assert {command for command, answer in answers.items() if answer == ALLOW} == {*dup, *locks, dup_cloexec, *pipe_size, *seals}
    assert {answers[command] for command in (own, get_own, sig, get_sig, own_ex, lease, notify)} == {EPERM}


# What the filter for programs refuses beyond what it says itself: nothing outside the call's own family and files may be reached.
REFUSED_TO_PROGRAMS = [*DEADLY, *"memfd_create shmget shmat msgget semget semtimedop mq_open inotify_init1 seccomp".split()]
PROGRAMS_MAY = """
    fork vfork execve execveat kill tkill tgkill rt_sigqueueinfo chmod fchmod fchmodat chown fchown fchownat utimensat setxattr fsetxattr
    setrlimit setpriority sched_setaffinity setuid setresuid setsid prctl mknodat timer_create timerfd_create eventfd2 connect bind
    pidfd_send_signal pidfd_open openat2 fchmodat2 fchdir
""".split()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_programs_of_agents_may_do_the_same_on_both_processors(machine: str) -> None:
    column = list(ARCH).index(machine)
    answers = {
        name: decide(machine, number, of=program_filter) for name, numbers in NUMBERS.items() if (number := numbers[column]) is not None
    }
    own = {"socket": EPERM, "socketpair": EPERM, "clone": ALLOW, "clone3": ENOSYS, "landlock_create_ruleset": EPERM, "memfd_secret": ENOSYS}
    wanted = own | dict.fromkeys([*ALLOWED, *PROGRAMS_MAY], ALLOW) | dict.fromkeys(REFUSED_TO_PROGRAMS, EPERM)
    late = {name for name, numbers in NUMBERS.items() if (numbers[0] or 0) >= 424}
    odd = {name: hex(answer) for name, answer in answers.items() if answer != wanted[name] and not (name in late and answer == ENOSYS)}
    assert odd == {}
