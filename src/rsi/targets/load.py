"""A target from its folder: `rsi.toml`, and the files that it says may enter a jail; whatever is wrong becomes one line.

What no pattern of `[surfaces]` or `[protect]` names stays out of every jail, and so do the files that score, hold the cases or make them.

Covers: files that are named and not there, links, names that no patch could use, trees that are too large, an entry that is not in them.
Does not cover: what the code does (`rsi check` tries it out).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from rsi.config import read_toml, validated
from rsi.core.codec import sha256_hex
from rsi.core.errors import UserError
from rsi.core.protocols import Execution, Files, Limits
from rsi.core.records import Json, Manifest
from rsi.kernel.evaluate import MANIFEST_FILE, load_manifest
from rsi.kernel.oversight import MAX_FILES, MAX_TREE_BYTES, matches, path_problem
from rsi.targets.spec import TargetSpec

__all__ = ["TARGET_FILE", "Target", "execution_of", "load_target", "target_facts", "target_of"]

TARGET_FILE = "rsi.toml"
"""Where a folder says that it is a target."""
COMMAND_MODULE = "rsi_command"
_PROCESSES = 64
_RUN_LOG = "log.jsonl"
"""What a folder of a run has: runs that lie in a target are no part of it."""
_PATIENCE, _PATIENCE_S = 3, 5.0
"""How much longer the wall clock may run than the processor's: what a case may take must not hang on what else a machine does."""
_ANSWER_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is improved, and how that is measured.

    Attributes:
        files: the tree as it is run and archived: editable and protected files, and the manifest.
        manifest: of that tree.
        folder: where the user's own files lie; scorer, cases and generator are read there and enter no jail.
        hashes: SHA-256 (hex) of every protected file, and of the files that score, hold the cases or make them: for the log.
        lost: guarantees that this target cannot give, in words for a report; an importer may have some.
    """

    name: str
    kind: str
    brief: str
    files: Files
    manifest: Manifest
    spec: TargetSpec
    folder: Path
    hashes: Mapping[str, str]
    lost: tuple[str, ...] = field(default=())


def load_target(folder: Path) -> Target:
    """The target in a folder; nothing of it is imported or executed.

    Raises:
        UserError: there is none, or something is wrong with it; names the file, the key and the next step.
    """
    path = folder / TARGET_FILE
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; `rsi init {folder} --template program` makes a target there")
    if not path.is_file():
        raise UserError(f"{folder} has no {TARGET_FILE}; `rsi init` shows in a new folder what one looks like")
    where = f"{path}: "
    spec = validated(TargetSpec, read_toml(path), where)
    try:
        return _loaded(folder, spec, where)
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder}: {error.strerror}") from None


def execution_of(target: Target) -> Execution:
    """How its cases are run in a jail."""
    case, jail = target.spec.case, target.spec.jail
    limits = Limits(
        wall_s=_PATIENCE * case.timeout_s + _PATIENCE_S,
        cpu_s=case.timeout_s,
        memory_bytes=case.memory_mb * 1_000_000,
        answer_bytes=_ANSWER_BYTES,
        processes=jail.processes or (_PROCESSES if case.command else 0),
    )
    if case.function:
        module, _, function = case.function.partition(":")
        return Execution(module=module, function=function, limits=limits, is_shared=not case.isolated)
    starter = (Path(__file__).parent / "guest" / f"{COMMAND_MODULE}.py").read_bytes()
    words = json.dumps({"command": list(case.command)}).encode()
    laid = {f"{COMMAND_MODULE}.py": starter, f"{COMMAND_MODULE}.json": words}
    return Execution(module=COMMAND_MODULE, function="run", limits=limits, files=laid, is_shared=False)


def _loaded(folder: Path, spec: TargetSpec, where: str) -> Target:
    private = _private(folder, spec, where)
    own = _manifest_file(folder, spec, where)
    surfaces = own.surfaces if own else spec.surfaces.by_surface()
    protected = own.protected if own else spec.protect.files
    editable = tuple(glob for globs in surfaces.values() for glob in globs)
    tree = _tree(folder, (*editable, *protected, *((MANIFEST_FILE,) if own else ())), set(private), where)
    _check_editable(tree, editable, protected, where)
    return target_of(folder, spec, tree, private, where)


def target_of(folder: Path, spec: TargetSpec, tree: Files, private: Mapping[str, bytes], where: str, lost: tuple[str, ...] = ()) -> Target:
    """A target from its parts.

    Args:
        tree: editable and protected files; the manifest is made unless it is among them.
        private: files that enter no jail and must stand in the log.
        where: stands before what is wrong.

    Raises:
        UserError: the tree lacks what is called on a case, or is too large.
    """
    if MANIFEST_FILE not in tree:
        _check_entry(folder, tree, spec, where)
        tree = {**tree, **_made(spec)}
    _check_size(tree, where)
    manifest = load_manifest(tree)
    guarded = {name: content for name, content in tree.items() if matches(name, manifest.protected)}
    return Target(
        name=spec.name,
        kind=spec.kind,
        brief=spec.brief,
        files=dict(sorted(tree.items())),
        manifest=manifest,
        spec=spec,
        folder=folder,
        hashes={name: sha256_hex(content) for name, content in sorted({**guarded, **private}.items())},
        lost=lost,
    )


def _private(folder: Path, spec: TargetSpec, where: str) -> dict[str, bytes]:
    """The files that score, hold the cases or make them."""
    named = {
        "score.function": spec.score.function.rpartition(":")[0],
        "cases.file": spec.cases.file,
        "cases.generator": spec.cases.generator.rpartition(":")[0],
    }
    found = {}
    for key, name in named.items():
        if name:
            if not (folder / name).is_file():
                raise UserError(f"{where}{key} names {name}, and {folder} has no such file; write it, or name another")
            found[Path(name).as_posix()] = (folder / name).read_bytes()
    for word in spec.score.command:
        if (folder / word).is_file():
            found[Path(word).as_posix()] = (folder / word).read_bytes()
    return found


def _manifest_file(folder: Path, spec: TargetSpec, where: str) -> Manifest | None:
    """What an agent's folder says of itself: then surfaces and protection stand there, and not in `rsi.toml`.

    Raises:
        UserError: they stand in both.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return None
    for key, is_given in (
        ("surfaces", spec.surfaces.by_surface()),
        ("protect", spec.protect.files or spec.protect.blocks),
        ("jail.preload", spec.jail.preload),
    ):
        if is_given:
            raise UserError(f"{where}{key}: {folder} has an {MANIFEST_FILE}, which says that for the whole agent; say it there")
    data = read_toml(path)
    entry = str(data.get("entry", "")).replace(".", "/")
    beside = {f"{entry}.py": b"", f"{entry}/__init__.py": b""}
    return load_manifest({MANIFEST_FILE: path.read_bytes(), **{name: text for name, text in beside.items() if (folder / name).is_file()}})


def _tree(folder: Path, patterns: tuple[str, ...], private: set[str], where: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in _walk(folder, folder):
        name = path.relative_to(folder).as_posix()
        if name in private or name == TARGET_FILE or not matches(name, patterns):
            continue
        if path.is_symlink() or not path.is_file():
            raise UserError(f"{where}{name} is no plain file; a target consists of plain files, so copy it or leave it out of the patterns")
        problem = path_problem(name)
        if problem is not None and name != MANIFEST_FILE:
            raise UserError(f"{where}{problem}; rename it, or leave it out of the patterns")
        found[name] = path.read_bytes()
    return found


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__" or path.name.endswith((".pyc", ".pyo")):
            continue
        if path.is_dir() and not path.is_symlink():
            if not (path / _RUN_LOG).exists():
                yield from _walk(path, root)
        else:
            yield path


def _check_editable(tree: Files, editable: tuple[str, ...], protected: tuple[str, ...], where: str) -> None:
    if not editable:
        raise UserError(f"{where}surfaces: nothing may be edited; name some files, for instance code = ['solution.py']")
    if not any(matches(name, editable) and not matches(name, protected) for name in tree):
        raise UserError(f"{where}surfaces: no file here is named by {', '.join(editable)} and not protected; name files that are there")


def _check_entry(folder: Path, tree: Files, spec: TargetSpec, where: str) -> None:
    """Whether what is called on a case is in the tree."""
    for word in spec.case.command:
        if word not in tree and (folder / word).is_file():
            raise UserError(
                f"{where}case.command names {word}, which is not among the files that go into the jail; "
                "name it in [surfaces], or in protect.files if nobody may edit it"
            )
    module = spec.case.function.partition(":")[0]
    path = module.replace(".", "/")
    if module and f"{path}.py" not in tree and f"{path}/__init__.py" not in tree:
        raise UserError(
            f"{where}case.function calls {module}, and no {path}.py is among the files that go into the jail; "
            "name it in [surfaces], or in protect.files if nobody may edit it"
        )


def _check_size(tree: Files, where: str) -> None:
    size = sum(map(len, tree.values()))
    if len(tree) > MAX_FILES or size > MAX_TREE_BYTES:
        raise UserError(
            f"{where}surfaces: {len(tree)} files of {size} bytes are named; at most {MAX_FILES} files of {MAX_TREE_BYTES} bytes together "
            "go into a jail; name fewer"
        )


def _made(spec: TargetSpec) -> dict[str, bytes]:
    """The manifest of a tree that has none of its own; and for a command the module that starts it, which a call brings along anyway."""
    module = spec.case.function.partition(":")[0]
    starter = (Path(__file__).parent / "guest" / f"{COMMAND_MODULE}.py").read_bytes()
    lines = [
        f"name = {_toml(spec.name)}",
        f"entry = {_toml(module or COMMAND_MODULE)}",
        f"preload = {_toml(list(spec.jail.preload))}",
        f"blocks = {_toml(list(spec.protect.blocks))}",
        f"protected = {_toml([*spec.protect.files, *([] if module else [f'{COMMAND_MODULE}.*'])])}",
        "",
        "[surfaces]",
        *(f"{surface.value} = {_toml(list(globs))}" for surface, globs in spec.surfaces.by_surface().items()),
    ]
    made = {MANIFEST_FILE: ("\n".join(lines) + "\n").encode()}
    return made if module else {**made, f"{COMMAND_MODULE}.py": starter}


def _toml(value: str | list[str]) -> str:
    """A text or a list of texts, all printable, as TOML has them."""
    return json.dumps(value, ensure_ascii=False)


def target_facts(target: Target) -> Json:
    """What stands of a target in the log of its run."""
    return cast(Json, {"name": target.name, "kind": target.kind, "hashes": dict(target.hashes), "lost": list(target.lost)})
