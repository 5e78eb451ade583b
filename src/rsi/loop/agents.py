"""Where agents come from: built-in ones are folders of data beside this package, others are folders of the user."""

from collections.abc import Iterator
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.loop.outside import tree_of

__all__ = ["load_agent"]

MANIFEST_FILE = "rsi-agent.toml"


def load_agent(name_or_path: str) -> Files:
    """The files of an agent; nothing of it is imported or executed.

    Args:
        name_or_path: the name of a built-in agent, the folder of one (with an `rsi-agent.toml`), or one from outside (`bridge:COMMAND`,
            `cmd:COMMAND`), for which a built-in one stands.

    Raises:
        UserError: there is no such agent, its folder cannot be read or holds something that is not a plain file.
    """
    root = _find(tree_of(name_or_path))
    try:
        if not (root / MANIFEST_FILE).is_file():
            raise UserError(f"the agent {name_or_path} has no {MANIFEST_FILE}; a folder of an agent needs one")
        return dict(sorted(_files(root, "")))
    except OSError as error:
        raise UserError(f"cannot read the agent {name_or_path}: {error.strerror}") from None


def _find(name_or_path: str) -> Traversable:
    built_in = package_files("rsi") / "agents"
    names = sorted(item.name for item in built_in.iterdir() if (item / MANIFEST_FILE).is_file()) if built_in.is_dir() else []
    if name_or_path in names:
        return built_in / name_or_path
    path = Path(name_or_path)
    if path.is_dir():
        return path
    raise UserError(f"there is no agent {name_or_path!r}; built in are: {', '.join(names)}; or name a folder")


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith(".pyc")


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if _is_ignored(item.name):
            continue
        if isinstance(item, Path) and item.is_symlink():
            raise UserError(f"{item} is a link; an agent consists of plain files and folders")
        if item.is_dir():
            yield from _files(item, f"{prefix}{item.name}/")
        elif item.is_file():
            yield f"{prefix}{item.name}", item.read_bytes()
        else:
            raise UserError(f"{item} is neither a file nor a folder")
