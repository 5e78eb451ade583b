"""How a zygote is started at each tier, and what that enforces.

S3: bubblewrap: own user, PID, network, IPC, host-name and mount namespaces, no capability; of the machine's files only the interpreter
    and the system's libraries, read-only; a small memory file system as the only writable place. Inside it, all of S2.
S2: Landlock and a strict filter of system calls: files outside can be neither read nor written; no process, exec, socket, signal.
S1: a process of its own with limits; another user where the kernel runs as root and the interpreter stays readable.

Covers: see `capabilities` of a jail, which says it for the machine at hand.
Does not cover: faults of the machine's own kernel (a virtual machine would); load and timing as a side channel.
"""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rsi.core.errors import JailError
from rsi.kernel.sandbox.border import border_box, border_command, border_environment
from rsi.kernel.sandbox.packages import Package, locate
from rsi.kernel.sandbox.programs import NOBODY, as_nobody, program_mounts

__all__ = ["BOX", "NOBODY", "PROFILES", "Launch", "launch"]

BOX = "/box"
"""The folder of a call, as the jail sees it."""
_PACKAGES = "/packages"
"""Where installed packages lie in a jail with its own view of files."""
_BOX_BYTES = 256_000_000
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
_FOR_PROGRAMS = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp"}
# `-I` would ignore PYTHONHASHSEED and with it make the order of sets differ between two runs; the environment holds nothing else.
_FLAGS = ("-s", "-S", "-P", "-B")
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache")


PROFILES = ("function", "agent")
"""What calls may do: compute on files, or also start processes."""
_COMMON = (
    "collections.abc",
    "contextlib",
    "dataclasses",
    "functools",
    "importlib.machinery",
    "json",
    "pathlib",
    "random",
    "re",
    "typing",
    "warnings",
)
"""What nearly every module imports, and what takes long to import: loaded in every zygote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Command and environment that start a zygote, and where its calls' folders are.

    Attributes:
        profile: `function` or `agent`.
        box: folder inside the jail that the zygote empties itself; None where the kernel makes a folder for each call.
        uid: the user it becomes, None if it stays the kernel's.
        words: folders that differ from machine to machine, and the words that stand for them in a reason.
    """

    tier: str
    profile: str
    command: tuple[str, ...]
    environment: dict[str, str]
    box: str | None
    uid: int | None
    words: dict[str, str]


def launch(tier: str, preload: tuple[str, ...], profile: str = "function", template: str | None = None) -> Launch:
    """How to start a zygote of this tier.

    Raises:
        JailError: it cannot be started here; the message says why and what would help.
        UserError: a package is not installed.
    """
    if tier == "S4":
        return _behind_a_border(preload, profile, template)
    packages = locate(preload)
    if profile == "agent" and tier != "S3":
        raise JailError(f"the agent profile needs tier S3 or S4: {tier} cannot hold the processes that a call starts")
    uid = _other_user(packages) if tier in ("S1", "S2") else None
    box = BOX if tier == "S3" else None
    strict = tier in ("S2", "S3")
    config = {
        "preload": list(dict.fromkeys((*_COMMON, *preload))),
        "packages": {package.name: str(_seen(package.origin, package) if tier == "S3" else package.origin) for package in packages},
        "box": box,
        "alone": tier == "S3",
        "uid": uid,
        "filter": strict,
        "fence": [*_LIBRARIES, *_interpreter_files(), *_shown(packages, tier)] if strict else None,
        "processes": 0 if strict or uid is not None else 64,
        "agent": profile == "agent",
    }
    python = (str(_interpreter()), *_FLAGS, "-c", _guest(), json.dumps(config))
    command = (*_wrapped(packages, profile), *python) if tier == "S3" else python
    words = {os.path.realpath(sys.base_prefix): "python/", **dict.fromkeys(_places(packages, tier), "packages/")}
    return Launch(tier=tier, profile=profile, command=command, environment=_ENVIRONMENT, box=box, uid=uid, words=words)


def _behind_a_border(preload: tuple[str, ...], profile: str, template: str | None) -> Launch:
    foreign = sorted({name.partition(".")[0] for name in preload} - sys.stdlib_module_names)
    if foreign and template:
        raise JailError(f"at S4 only modules of the standard library can be preloaded yet, not {', '.join(foreign)}")
    box = border_box(profile)
    config: dict[str, object] = {
        "preload": list(dict.fromkeys((*_COMMON, *preload))),
        "packages": {},
        "box": box,
        "alone": False,
        "uid": None,
        "filter": True,
        "fence": [],
        "processes": 0,
        "agent": profile == "agent",
    }
    inside = _ENVIRONMENT | (_FOR_PROGRAMS if profile == "agent" else {})
    command = border_command(template, str(_interpreter()), _FLAGS, _guest(), inside, config)
    return Launch(tier="S4", profile=profile, command=command, environment=border_environment(), box=box, uid=None, words={})


def _guest() -> str:
    here = Path(__file__).parent
    parts = ("clear.py", "collect.py", "confine.py", "filling.py", "laying.py", "sweep.py", "saying.py", "agent.py", "guest.py")
    return "\n".join((here / name).read_text(encoding="utf-8") for name in parts)


def _interpreter() -> Path:
    """The interpreter that a virtual environment stands on: it needs nothing of the environment's folder."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / name
    return Path(os.path.realpath(base if base.exists() else sys.executable))


def _interpreter_files() -> list[str]:
    prefix = Path(os.path.realpath(sys.base_prefix))
    extra = ["/nix/store"] if prefix.is_relative_to("/nix/store") else []
    return [str(prefix / "lib"), *extra]


def _shown(packages: tuple[Package, ...], tier: str) -> list[str]:
    """What may be read of packages, as a jail of this tier sees it."""
    return _places(packages, tier) if tier == "S3" else [str(part) for package in packages for part in package.parts]


def _places(packages: tuple[Package, ...], tier: str) -> list[str]:
    """The folders that packages lie in."""
    return [_PACKAGES] if tier == "S3" else [str(package.parts[0].parent) for package in packages]


def _seen(path: Path, package: Package) -> Path:
    """Where a jail with its own view of files sees a file of a package: beside one another, as installed."""
    return _PACKAGES / path.relative_to(package.parts[0].parent)


def _other_user(packages: tuple[Package, ...]) -> int | None:
    """Nobody, if the kernel runs as root and everybody may read the interpreter and the packages; else None (stay)."""
    if os.getuid() != 0:
        return None
    needed = [Path(os.path.realpath(sys.base_prefix)) / "lib", *(package.origin.parent for package in packages)]
    places = {place for folder in needed for place in (folder, *folder.parents)} - {Path("/")}
    return NOBODY if all(place.stat().st_mode & 0o005 == 0o005 for place in places) else None


def _wrapped(packages: tuple[Package, ...], profile: str) -> tuple[str, ...]:
    """Bubblewrap up to the program that it runs. For programs its zygote may mount and found PID namespaces; its calls may no more."""
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
    if program is None:
        raise JailError("bubblewrap is not installed; install it with: apt install bubblewrap")
    if profile == "function":
        return _bubblewrap(program, packages, _ENVIRONMENT, _mounts())
    files = [*_interpreter_files(), str(_interpreter())]
    mounts = program_mounts(files, _packages((*_interpreter_files(), "/usr/lib", "/usr/local/lib")))
    inner = _bubblewrap(program, packages, _ENVIRONMENT | _FOR_PROGRAMS, ["--cap-add", "CAP_SYS_ADMIN", *mounts])
    return as_nobody(program, inner, str(_interpreter()))


def _bubblewrap(program: str, packages: tuple[Package, ...], environment: dict[str, str], mounts: list[str]) -> tuple[str, ...]:
    words = [program, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--hostname", "jail", "--clearenv"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    words += mounts
    words += [word for package in packages for part in package.parts for word in ("--ro-bind", str(part), str(_seen(part, package)))]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(_BOX_BYTES), "--tmpfs", BOX]
    return (*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", BOX)


def _mounts() -> list[str]:
    words: list[str] = []
    for path in [*_LIBRARIES, *_interpreter_files(), str(_interpreter())]:
        if os.path.islink(path) and not os.path.isabs(os.readlink(path)):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind-try", path, path]
    for place in _packages((*_interpreter_files(), "/usr/lib")):
        words += ["--tmpfs", place, "--remount-ro", place]
    return words


def _packages(places: tuple[str, ...]) -> list[str]:
    """Folders of installed packages below what the jail sees: hidden, so that nobody's installed software is part of a result."""
    roots = [Path(path) for path in places]
    found = {str(p) for root in roots for name in ("site-packages", "dist-packages") for p in root.glob(f"python*/{name}") if p.is_dir()}
    return sorted(found)
