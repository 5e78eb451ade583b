"""`rsi init`: a folder with a target that runs at once, from one of the shipped templates."""

from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

from rsi.config import nearest
from rsi.core.errors import UserError

__all__ = ["TEMPLATES", "make_target"]

TEMPLATES = ("program", "agent", "prompt", "training")
"""What kinds of target there is a template for."""


def make_target(folder: Path, template: str) -> list[str]:
    """Write a template into a new or empty folder, and name the files.

    Raises:
        UserError: there is no such template, or the folder has something in it already.
    """
    if template not in TEMPLATES:
        raise UserError(f"there is no template {template!r}{nearest(template, list(TEMPLATES))}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty, and nothing in it is to be overwritten; name a new folder")
    return sorted(_copy(package_files("rsi") / "targets" / "templates" / template, folder, ""))


def _copy(source: Traversable, folder: Path, prefix: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for item in source.iterdir():
        if item.is_dir() and item.name != "__pycache__":
            written += _copy(item, folder / item.name, f"{prefix}{item.name}/")
        elif item.is_file() and not item.name.endswith(".pyc"):
            (folder / item.name).write_bytes(item.read_bytes())
            written.append(prefix + item.name)
    return written
