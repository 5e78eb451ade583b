"""What every jail must hold to: subclass `JailConformance` and open a jail for it.

class TestMyJail(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return MyJail()

A jail that isolates nothing (for unit tests) sets `isolates = False`; what needs a process of its own is then skipped.
"""

import pytest

from rsi.core.protocols import Call, Jail, Limits, Reply
from rsi.core.records import Json, Outcome
from rsi.testing.conformance.questions import QuestionConformance, ask, talk

__all__ = ["JailConformance", "ask", "ask_each", "bring", "talk"]


def ask_each(jail: Jail, source: str, items: list[Json], *, limits: Limits | None = None) -> Reply:
    """Call `f(item)` of a module with this source for each item, all in one process."""
    tree = {"guest.py": source.encode()}
    return jail.call(Call(files=tree, module="guest", function="f", payload=items, limits=limits or Limits(wall_s=20.0), each=True))


def bring(jail: Jail, source: str, most: int) -> Reply:
    """Call `f(None)` of a module with this source and ask for so many bytes of files."""
    call = Call(
        files={"guest.py": source.encode()}, module="guest", function="f", payload=None, limits=Limits(wall_s=20.0), collect_bytes=most
    )
    return jail.call(call)


class JailConformance(QuestionConformance):
    """The contract of `rsi.core.protocols.Jail`."""

    def test_plain_data_goes_in_and_comes_out_unchanged(self, jail: Jail) -> None:
        """Of every kind."""
        data: Json = {"a": [1, -2, 3.5, True, None, "é\n\U0001f40d", []], "b": {"c": {}}, "": 10**30}
        reply = ask(jail, "def f(x):\n    return x", data)
        assert (reply.outcome, reply.value, reply.reason) == (Outcome.ANSWERED, data, "")

    def test_a_large_answer_comes_out_whole(self, jail: Jail) -> None:
        """Several megabytes."""
        reply = ask(jail, "def f(n):\n    return 'x' * n", 5_000_000)
        assert reply.outcome is Outcome.ANSWERED and reply.value == "x" * 5_000_000

    def test_the_files_of_the_tree_are_there_and_nothing_else(self, jail: Jail) -> None:
        """Modules, folders and data; the working folder is the tree."""
        source = "import os, part.word\nfrom pathlib import Path\n"
        source += "def f(_):\n    return [sorted(os.listdir('.')), Path('data.txt').read_text(), part.word.SAY]"
        files = {"data.txt": b"hello", "part/__init__.py": b"", "part/word.py": b"SAY = 'hi'"}
        reply = ask(jail, source, files=files)
        assert reply.outcome is Outcome.ANSWERED, reply.reason
        assert isinstance(reply.value, list)
        assert [name for name in reply.value[0] if name != "__pycache__"] == ["data.txt", "guest.py", "part"]  # type: ignore[union-attr]
        assert reply.value[1:] == ["hello", "hi"]

    def test_nothing_is_left_of_an_earlier_call(self, jail: Jail) -> None:
        """Neither files nor the state of modules."""
        source = "import os, json\ndef f(_):\n    seen = [os.path.exists('mark'), hasattr(json, 'mark')]\n"
        source += "    open('mark', 'w').close()\n    json.mark = 1\n    return seen"
        first = ask(jail, source)
        assert first.value == [False, False]
        if self.isolates:
            assert ask(jail, source).value == [False, False]

    def test_printing_is_captured_and_never_taken_for_a_result(self, jail: Jail) -> None:
        """On both streams."""
        source = "import sys\ndef f(_):\n    print('{\"value\": 2}')\n    print('oops', file=sys.stderr)\n    return 1"
        reply = ask(jail, source)
        assert reply.value == 1
        assert '{"value": 2}' in reply.stdout and "oops" in reply.stderr

    @pytest.mark.parametrize("body", ["1 / 0", "raise SystemExit(0)", "raise KeyboardInterrupt", "import no_such_module", "f("])
    def test_an_error_is_an_outcome(self, jail: Jail, body: str) -> None:
        """Whatever its kind, and at import too."""
        reply = ask(jail, f"def f(x):\n    {body}")
        assert reply.outcome is Outcome.CRASHED and reply.value is None and reply.reason

    def test_a_missing_module_or_function_is_an_outcome(self, jail: Jail) -> None:
        """The tree is the candidate's; what it lacks is its own fault."""
        files = {"guest.py": b"x = 1"}
        assert jail.call(Call(files=files, module="guest", function="f", payload=None)).outcome is Outcome.CRASHED
        assert jail.call(Call(files=files, module="other", function="f", payload=None)).outcome is Outcome.CRASHED

    def test_running_out_of_memory_is_an_outcome(self, jail: Jail) -> None:
        """Raised, as an allocation beyond the limit does."""
        assert ask(jail, "def f(x):\n    raise MemoryError").outcome is Outcome.OUT_OF_MEMORY

    @pytest.mark.parametrize(
        "value", ["{1, 2}", "object()", "b'x'", "float('nan')", "float('inf')", "10**500", "'\\ud800'", "nested(100)", "nested(100_000)"]
    )
    def test_an_answer_that_is_no_plain_data_is_malformed(self, jail: Jail, value: str) -> None:
        """And the jail answers the next call."""
        source = f"def nested(n):\n    x = []\n    for _ in range(n):\n        x = [x]\n    return x\ndef f(_):\n    return {value}"
        reply = ask(jail, source)
        assert reply.outcome is Outcome.MALFORMED and reply.value is None and reply.reason
        assert ask(jail, "def f(x):\n    return x", 5).value == 5

    def test_an_answer_beyond_its_size_is_malformed(self, jail: Jail) -> None:
        """Far beyond, so that no envelope hides it."""
        reply = ask(jail, "def f(_):\n    return 'x' * 1_000_000", limits=Limits(wall_s=20.0, answer_bytes=1_000))
        assert reply.outcome is Outcome.MALFORMED

    def test_a_reason_begins_with_the_error_and_is_short(self, jail: Jail) -> None:
        """So that one line tells people what it was."""
        reply = ask(jail, "def f(x):\n    raise ValueError('because ' + 'x' * 10_000)")
        assert reply.reason.startswith("ValueError: because") and (len(reply.reason) <= 2_000 or not self.isolates)

    def test_each_item_has_its_value_or_its_error_in_its_place(self, jail: Jail) -> None:
        """One process sees all items; an error is that item's own."""
        source = "seen = []\ndef f(x):\n    seen.append(x)\n    return [len(seen), 12 // x]"
        reply = ask_each(jail, source, [3, 0, 4])
        assert reply.outcome is Outcome.ANSWERED, reply.reason
        assert reply.value == [
            {"value": [1, 4]},
            {"error": "ZeroDivisionError: integer division or modulo by zero"},
            {"value": [3, 3]},
        ]

    def test_no_items_have_no_answers(self, jail: Jail) -> None:
        """And yet the module is imported."""
        assert ask_each(jail, "def f(x):\n    return x", []).value == []
        assert ask_each(jail, "1 / 0", []).outcome is Outcome.CRASHED

    def test_a_thousand_items_come_back_in_order(self, jail: Jail) -> None:
        """Of one call."""
        items: list[Json] = list(range(1000))
        assert ask_each(jail, "def f(x):\n    return x + 1", items).value == [{"value": index + 1} for index in range(1000)]

    @pytest.mark.parametrize("value", ["{1}", "object()", "float('nan')", "b'x'", "f"])
    def test_an_item_that_gives_no_plain_data_is_an_error_of_that_item(self, jail: Jail, value: str) -> None:
        """The others keep their values."""
        reply = ask_each(jail, f"def f(x):\n    return {value} if x else 5", [0, 1, 0])
        assert isinstance(reply.value, list) and [list(item) for item in reply.value if isinstance(item, dict)] == [
            ["value"],
            ["error"],
            ["value"],
        ]

    def test_what_the_judge_cannot_read_spoils_the_whole_answer(self, jail: Jail) -> None:
        """Nobody is asked to guess which item it was."""
        reply = ask_each(jail, "def f(x):\n    return 10**500 if x else 5", [0, 1])
        assert reply.outcome is Outcome.MALFORMED and reply.value is None

    @pytest.mark.parametrize("act", ["raise SystemExit", "raise KeyboardInterrupt"])
    def test_ending_half_way_answers_nothing(self, jail: Jail, act: str) -> None:
        """The easy items first, then the end: missing is wrong."""
        reply = ask_each(jail, f"def f(x):\n    if x == 2:\n        {act}\n    return x", [0, 1, 2, 3])
        assert reply.outcome is Outcome.CRASHED and reply.value is None

    def test_a_process_that_ends_itself_half_way_answers_nothing(self, jail: Jail, process: None) -> None:
        """Without a word."""
        reply = ask_each(jail, "import os\ndef f(x):\n    if x == 2:\n        os._exit(0)\n    return x", [0, 1, 2, 3])
        assert reply.outcome is Outcome.CRASHED and reply.value is None

    def test_a_call_for_each_item_needs_items(self) -> None:
        """Said to whoever makes it."""
        with pytest.raises(TypeError, match="list of items"):
            Call(files={}, module="guest", function="f", payload={"a": 1}, each=True)

    def test_an_error_of_an_item_is_one_short_legible_line(self, jail: Jail, process: None) -> None:
        """Whatever it says."""
        reply = ask_each(jail, "def f(x):\n    raise ValueError('\\x1b[2J' + 'y' * 10_000)", [1])
        assert isinstance(reply.value, list) and isinstance(reply.value[0], dict)
        text = reply.value[0]["error"]
        assert isinstance(text, str) and text.startswith("ValueError: \\x1b[2J") and len(text) < 600

    def test_files_beyond_the_size_of_all_together_end_the_call(self, jail: Jail, process: None) -> None:
        """Each of them small enough."""
        source = "def f(x):\n    n = 0\n    while True:\n        n += 1\n        with open(f'f{n}', 'wb') as file:\n"
        source += "            file.write(b'x' * 1_000_000)"
        reply = ask(jail, source, limits=Limits(wall_s=20.0, disk_bytes=5_000_000))
        assert reply.outcome is Outcome.OUT_OF_MEMORY and "5000000 bytes" in reply.reason
        assert ask(jail, "import os\ndef f(x):\n    return len(os.listdir('.'))").value == 1

    def test_files_beyond_their_number_end_the_call(self, jail: Jail, process: None) -> None:
        """Though they are empty, and in folders."""
        source = "import os\ndef f(x):\n    n = 0\n    while True:\n        n += 1\n        os.makedirs(f'd{n}/e')\n"
        source += "        open(f'd{n}/e/f', 'w').close()"
        reply = ask(jail, source, limits=Limits(wall_s=20.0, entries=500))
        assert reply.outcome is Outcome.OUT_OF_MEMORY and "500 entries" in reply.reason
        assert ask(jail, "import os\ndef f(x):\n    return len(os.listdir('.'))").value == 1

    def test_a_big_tree_does_not_count_against_what_a_call_may_add(self, jail: Jail, process: None) -> None:
        """It was given."""
        files = {f"data/{index}/x": b"y" * 10_000 for index in range(300)}
        source = "import time\ndef f(x):\n    open('more', 'wb').write(b'z' * 50_000)\n    time.sleep(0.3)\n    return 1"
        assert ask(jail, source, files=files, limits=Limits(wall_s=20.0, disk_bytes=200_000, entries=20)).value == 1

    def test_time_is_over_when_the_wall_clock_says_so(self, jail: Jail, process: None) -> None:
        """Sleeping costs no CPU and yet ends."""
        reply = ask(jail, "import time\ndef f(x):\n    time.sleep(60)", limits=Limits(wall_s=0.3))
        assert reply.outcome is Outcome.TIMED_OUT and reply.clock.wall_s < 5
        assert ask(jail, "def f(x):\n    return x", 5).value == 5

    def test_control_characters_in_what_is_shown_become_visible(self, jail: Jail, process: None) -> None:
        """Escape sequences and direction marks, in the output and in the reason."""
        reply = ask(jail, "def f(x):\n    print('\\x1b[2J\\u202eabc\\x07')\n    raise ValueError('\\x1b]0;x\\x07')")
        shown = reply.stdout + reply.reason
        assert not any(mark in shown for mark in ("\x1b", "\x07", "\u202e")) and "\\x1b" in shown

    def test_output_is_kept_up_to_its_limit(self, jail: Jail, process: None) -> None:
        """The rest is read and forgotten; the call is none the worse."""
        reply = ask(jail, "def f(x):\n    print('y' * 1_000_000)\n    return 1", limits=Limits(wall_s=20.0, output_bytes=1_000))
        assert reply.value == 1 and len(reply.stdout) == 1_000

    def test_a_path_that_leaves_the_folder_is_a_violation(self, jail: Jail, process: None) -> None:
        """And nothing of the tree is run."""
        for path in ("../out.py", "/tmp/out.py", "a//b", "a/../../b", ""):
            reply = ask(jail, "def f(x):\n    return x", files={path: b"x"})
            assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith("path out of its folder")

    def test_strings_hash_alike_in_every_call(self, jail: Jail, process: None) -> None:
        """The order of a set of strings is part of a candidate's behaviour."""
        source = "def f(x):\n    return [hash('abc'), sorted(__import__('os').environ)]"
        first, second = ask(jail, source).value, ask(jail, source).value
        assert first == second
        assert isinstance(first, list) and set(first[1]) <= {  # type: ignore[arg-type]
            "LANG",
            "HOME",
            "LC_ALL",
            "OPENBLAS_NUM_THREADS",
            "PATH",
            "PWD",
            "PYTHONHASHSEED",
        }

    def test_the_clock_of_a_call_tells_what_it_took(self, jail: Jail, process: None) -> None:
        """CPU seconds of the call's own process."""
        reply = ask(jail, "import time\ndef f(x):\n    while time.process_time() < 0.3:\n        pass")
        assert 0.25 < reply.clock.cpu_s < 2.0 and reply.clock.wall_s >= 0.2

    def test_plain_files_come_out_when_they_were_asked_for(self, jail: Jail, process: None) -> None:
        """Those of the tree and those of the call; nothing comes out of a call that did not ask."""
        source = "import os\ndef f(x):\n    os.makedirs('a/b')\n    open('a/b/c', 'wb').write(bytes(range(256)))\n    return 1"
        reply = bring(jail, source, 100_000)
        assert reply.value == 1 and dict(reply.files) == {"guest.py": source.encode(), "a/b/c": bytes(range(256))}
        assert ask(jail, source).files == {}

    def test_only_plain_files_come_out(self, jail: Jail, process: None) -> None:
        """No link, no FIFO, nothing of a folder that a link leads to; what is linked twice inside comes out under both names."""
        source = """
import os
def f(x):
    open('kept', 'w').write('kept')
    for act in (lambda: os.symlink('/etc/hostname', 'link'), lambda: os.symlink('/etc', 'folder'), lambda: os.mkfifo('fifo'),
                lambda: os.symlink('kept', 'again'), lambda: os.chmod('kept', 0o6755)):
        try:
            act()
        except OSError:
            pass
    return 1
"""
        reply = bring(jail, source, 100_000)
        assert reply.value == 1 and set(reply.files) == {"guest.py", "kept"} and reply.files["kept"] == b"kept"

    @pytest.mark.parametrize(
        "act",
        [
            "open('big', 'wb').write(bytes(200_000))",
            "os.truncate(os.open('sparse', os.O_CREAT | os.O_WRONLY), 30_000_000)",
            "[open(f'{n}', 'wb').write(bytes(1_000)) for n in range(150)]",
            "open(b'\\xff', 'w').close()",
            "open('a\\nb', 'w').close()",
            "open('a\\\\b', 'w').close()",
            "[(os.mkdir('d'), os.chdir('d')) for _ in range(60)] and open('deep', 'w').close()",
        ],
    )
    def test_files_that_cannot_be_brought_out_make_a_malformed_answer(self, jail: Jail, process: None, act: str) -> None:
        """Too big, too many, hollow, of odd names, too deep: none of them comes out, and the reason says so."""
        reply = bring(jail, f"import os\ndef f(x):\n    {act}\n    return 1", 100_000)
        assert reply.outcome is Outcome.MALFORMED and reply.files == {} and "brought out" in reply.reason
        assert ask(jail, "def f(x):\n    return x", 5).value == 5

    def test_closing_twice_is_harmless(self, jail: Jail) -> None:
        """And a call afterwards may start it again or say that it is closed; here it must still answer."""
        jail.close()
        jail.close()
        assert ask(jail, "def f(x):\n    return x", 1).value == 1
