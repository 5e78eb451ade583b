"""What every archive must hold to: subclass `ArchiveConformance` and give it an empty archive.

class TestMyArchive(ArchiveConformance):
    def make_archive(self, folder: Path) -> Archive:
        return MyArchive(folder)
"""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.core.errors import IntegrityError
from rsi.core.protocols import Archive, Files
from rsi.core.records import CandidateId

__all__ = ["ArchiveConformance", "trees"]

_FILES: Files = {
    "agent.py": b"print(1)\n",
    "lib/a.py": b"",
    "lib/sub/b.bin": bytes(range(256)),
    "lib-extra/c.py": b"x",
    "lib.py": b"y",
    "ümläut 名.txt": b"text without newline",
}
_ABSENT = CandidateId("0" * 64)


def _is_tree(files: Files) -> bool:
    """Whether no path is both a file and a folder."""
    folders = {path.rsplit("/", depth)[0] for path in files for depth in range(1, path.count("/") + 1)}
    return not folders & set(files)


def trees() -> st.SearchStrategy[Files]:
    """Trees of files as a candidate may have them: nested, with names of any letters, with any content."""
    names = st.text("ab.-_0ü", min_size=1, max_size=3).filter(lambda name: set(name) != {"."})
    paths = st.lists(names, min_size=1, max_size=3).map("/".join)
    return st.dictionaries(paths, st.binary(max_size=40), max_size=8).filter(_is_tree)


class ArchiveConformance(ABC):
    """The contract of `rsi.core.protocols.Archive`."""

    @abstractmethod
    def make_archive(self, folder: Path) -> Archive:
        """An empty archive; what it needs on disk lies in `folder`, which is empty."""

    def test_files_come_back_as_they_were_added(self, tmp_path: Path) -> None:
        """Nested, empty, binary, with any letters in their names."""
        archive = self.make_archive(tmp_path)
        assert archive.files(archive.add(_FILES, parents=(), message="start")) == _FILES

    def test_any_tree_comes_back_as_it_was_added(self, tmp_path: Path) -> None:
        """Whatever the order of its names is in bytes."""
        archive = self.make_archive(tmp_path)

        @given(files=trees())
        def check(files: Files) -> None:
            assert archive.files(archive.add(files, parents=(), message="")) == files

        check()

    def test_a_tree_without_files_is_a_tree(self, tmp_path: Path) -> None:
        """An empty candidate is a candidate."""
        archive = self.make_archive(tmp_path)
        assert archive.files(archive.add({}, parents=(), message="nothing")) == {}

    def test_the_same_input_gives_the_same_name_everywhere(self, tmp_path: Path) -> None:
        """Again in the same archive, in another one, and with the files in another order."""
        one, two = self.make_archive(tmp_path / "one"), self.make_archive(tmp_path / "two")
        name = one.add(_FILES, parents=(), message="start")
        assert one.add(_FILES, parents=(), message="start") == name
        assert two.add(dict(reversed(list(_FILES.items()))), parents=(), message="start") == name
        child = one.add({}, parents=[name], message="child")
        assert two.add({}, parents=[name], message="child") == child

    def test_other_files_parents_or_message_give_another_name(self, tmp_path: Path) -> None:
        """A name stands for all three."""
        archive = self.make_archive(tmp_path)
        start = archive.add(_FILES, parents=(), message="start")
        others = [
            archive.add({**_FILES, "agent.py": b"print(2)\n"}, parents=(), message="start"),
            archive.add(_FILES, parents=[start], message="start"),
            archive.add(_FILES, parents=(), message="start again"),
        ]
        assert len({start, *others}) == 4

    def test_the_tree_is_named_by_the_files_alone(self, tmp_path: Path) -> None:
        """A reverted change has the tree that it had before."""
        archive = self.make_archive(tmp_path)
        start = archive.add(_FILES, parents=(), message="start")
        changed = archive.add({**_FILES, "agent.py": b""}, parents=[start], message="change")
        back = archive.add(_FILES, parents=[changed], message="revert")
        assert archive.tree(start) == archive.tree(back) != archive.tree(changed)

    def test_moving_content_between_files_gives_another_tree(self, tmp_path: Path) -> None:
        """Paths count."""
        archive = self.make_archive(tmp_path)
        names = [archive.add(files, parents=(), message="") for files in ({"a": b"1"}, {"b": b"1"}, {"a/b": b"1"})]
        assert len({archive.tree(name) for name in names}) == 3

    @pytest.mark.parametrize("content", [b"", b"\0", b"text\n", bytes(range(256)) * 4096])
    def test_bytes_come_back_by_their_name(self, tmp_path: Path, content: bytes) -> None:
        """Empty ones and large ones too; twice the same bytes have one name."""
        archive = self.make_archive(tmp_path)
        name = archive.add_blob(content)
        assert archive.blob(name) == content
        assert archive.add_blob(content) == name

    def test_what_is_not_there_is_an_integrity_error_that_names_it(self, tmp_path: Path) -> None:
        """For candidates and for bytes."""
        archive = self.make_archive(tmp_path)
        for ask in (archive.tree, archive.files, archive.blob):
            with pytest.raises(IntegrityError, match=_ABSENT):
                ask(_ABSENT)

    @pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "zz", "0" * 63, "0" * 65, "HEAD"])
    def test_what_is_no_name_is_an_integrity_error(self, tmp_path: Path, name: str) -> None:
        """Whatever is asked for, only objects of the archive are read."""
        with pytest.raises(IntegrityError):
            self.make_archive(tmp_path).blob(name)

    def test_bytes_are_no_candidate_and_a_candidate_is_no_bytes(self, tmp_path: Path) -> None:
        """Kinds are told apart."""
        archive = self.make_archive(tmp_path)
        blob, candidate = archive.add_blob(b"x"), archive.add({}, parents=(), message="")
        with pytest.raises(IntegrityError):
            archive.tree(CandidateId(blob))
        with pytest.raises(IntegrityError):
            archive.blob(candidate)

    def test_names_only_grow_and_lead_to_everything(self, tmp_path: Path) -> None:
        """Nothing is ever overwritten or dropped."""
        archive = self.make_archive(tmp_path)
        assert list(archive.names()) == []
        blob = archive.add_blob(b"x")
        before = set(archive.names())
        candidate = archive.add(_FILES, parents=(), message="start")
        after = list(archive.names())
        assert before == {blob}
        assert before | {candidate, archive.tree(candidate)} < set(after)
        assert len(after) == len(set(after))

    @pytest.mark.parametrize("message", ["", "two\n\nlines", "NUL \0 inside", "half a letter \ud800", "tree 0\nparent 0\n\n"])
    def test_any_message_is_taken(self, tmp_path: Path, message: str) -> None:
        """Agents write them: no text may break or forge a candidate."""
        archive = self.make_archive(tmp_path)
        name = archive.add(_FILES, parents=(), message=message)
        assert archive.files(name) == _FILES
        assert archive.tree(name) == archive.tree(archive.add(_FILES, parents=(), message="plain"))
