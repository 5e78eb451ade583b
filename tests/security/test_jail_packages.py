"""Installed packages in a jail: numpy works under every limit, and nothing else that is installed is there."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsi.core.protocols import Call, Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.testing.conformance.jail import ask

WARM = ("numpy", "numpy.fft", "numpy.linalg", "numpy.random")

WORK_OUT = """
import io, os, sys, tempfile
import numpy as np

def f(seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((60, 60))
    done = {}
    done['solve'] = bool(np.allclose(a @ np.linalg.solve(a, np.ones(60)), 1))
    u, s, v = np.linalg.svd(a)
    done['svd'] = bool(np.allclose(u * s @ v, a))
    w, q = np.linalg.eigh(a + a.T)
    done['eigh'] = bool(np.allclose(q * w @ q.T, a + a.T))
    done['eig'] = bool(np.allclose(np.linalg.eigvals(a).sum(), np.trace(a)))
    done['qr'] = bool(np.allclose(np.matmul(*np.linalg.qr(a)), a))
    done['cholesky'] = np.linalg.cholesky(a @ a.T + 60 * np.eye(60)).shape == (60, 60)
    done['det'] = bool(np.isclose(np.linalg.det(np.eye(50) * 2), 2.0**50))
    done['pinv'] = bool(np.allclose(np.linalg.pinv(a) @ a, np.eye(60)))
    done['lstsq'] = len(np.linalg.lstsq(a, np.ones(60), rcond=None)) == 4
    done['large'] = bool(np.isfinite(rng.random((400, 400)) @ rng.random((400, 400))).all())
    done['fft'] = bool(np.allclose(np.fft.ifft(np.fft.fft(a)), a)) and np.fft.rfft2(a).shape == (60, 31)
    done['random'] = [len(getattr(rng, name)(size=10)) for name in ('normal', 'random', 'exponential', 'standard_t')[:3]] == [10] * 3
    done['legacy'] = np.random.RandomState(3).randint(10, size=5).tolist() == [8, 9, 3, 8, 8]
    done['generators'] = [type(np.random.Generator(kind(1)).bit_generator).__name__
                          for kind in (np.random.MT19937, np.random.Philox, np.random.SFC64)] == ['MT19937', 'Philox', 'SFC64']
    done['entropy'] = np.random.default_rng().random() != np.random.default_rng().random()
    done['shuffle'] = sorted(rng.permutation(100).tolist()) == list(range(100))
    done['sort'] = bool((np.sort(a.ravel())[1:] >= np.sort(a.ravel())[:-1]).all())
    done['einsum'] = bool(np.allclose(np.einsum('ij,jk->ik', a, a), a @ a))
    done['strings'] = np.char.upper(np.array(['a', 'b'])).tolist() == ['A', 'B']
    done['dates'] = str(np.datetime64('2026-01-31') + np.timedelta64(1, 'D')) == '2026-02-01'
    done['polynomial'] = bool(np.allclose(np.polyfit(np.arange(5.0), np.arange(5.0) ** 2, 2), [1, 0, 0], atol=1e-8))
    done['ma'] = float(np.ma.masked_invalid([1.0, np.nan]).mean()) == 1.0
    np.save('a.npy', a)
    done['file'] = bool((np.load('a.npy') == a).all()) and bool((np.load('a.npy', mmap_mode='r') == a).all())
    np.savez_compressed('b.npz', a=a)
    done['archive'] = bool((np.load('b.npz')['a'] == a).all())
    buffer = io.StringIO()
    np.savetxt(buffer, a[:2])
    done['text'] = np.loadtxt(io.StringIO(buffer.getvalue())).shape == (2, 60)
    done['raw'] = np.fromfile('a.npy', dtype=np.uint8).size > 28800
    done['threads'] = np.show_config(mode='dicts') is not None
    with np.errstate(all='ignore'):
        done['errors'] = bool(np.isinf(np.float64(1) / np.float64(0)))
    return sorted(name for name, good in done.items() if not good), len(done)
"""


@pytest.fixture(scope="module", params=TIERS)
def numeric(request: pytest.FixtureRequest) -> Iterator[ZygoteJail]:
    """A jail with numpy, of each tier."""
    why = unreachable(request.param)
    if why is not None:
        pytest.skip(f"{request.param} cannot be had here: {why}")
    with ZygoteJail(tier=request.param, preload=WARM) as jail:
        yield jail


def test_a_broad_work_out_of_numpy_runs_under_every_limit(numeric: ZygoteJail) -> None:
    reply = ask(numeric, WORK_OUT, 7)
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    assert reply.value == [[], 28]


def test_numpy_is_there_without_being_loaded_again(numeric: ZygoteJail) -> None:
    source = "import sys\nbefore = set(sys.modules)\nimport numpy.linalg, numpy.random, numpy.fft\ndef f(x):\n"
    source += "    return [name for name in set(sys.modules) - before if name.startswith('numpy')]"
    assert ask(numeric, source).value == []


def test_of_all_that_is_installed_only_the_declared_packages_can_be_imported(numeric: ZygoteJail) -> None:
    source = """
import importlib
def f(names):
    found = []
    for name in names:
        try:
            importlib.import_module(name)
            found.append(name)
        except ImportError:
            pass
    return found
"""
    installed = ["numpy", "pytest", "hypothesis", "pydantic", "rich", "rsi", "cyclopts", "pip", "setuptools"]
    assert ask(numeric, source, installed).value == ["numpy"]


def test_nothing_beside_a_declared_package_can_be_seen_or_changed(numeric: ZygoteJail) -> None:
    if numeric.tier == "S1":
        pytest.skip("not enforced at S1")
    place = Path(pytest.__file__).parents[1]
    source = """
import os, numpy
def f(place):
    found = []
    home = os.path.dirname(numpy.__file__)
    for folder in (place, os.path.dirname(home), os.path.join(place, 'pytest')):
        try:
            found += [name for name in os.listdir(folder) if name not in ('numpy', 'numpy.libs')]
        except OSError:
            pass
    for path in (os.path.join(place, 'pytest', '__init__.py'), os.path.join(home, '..', 'pytest', '__init__.py')):
        try:
            open(path).close()
            found.append(path)
        except OSError:
            pass
    for path in (numpy.__file__, os.path.join(home, 'mine.py')):
        try:
            open(path, 'a').close()
            found.append('wrote')
        except OSError:
            pass
    return found
"""
    reply = ask(numeric, source, str(place))
    assert reply.outcome is Outcome.ANSWERED and reply.value == []


def test_a_file_named_like_a_package_in_a_tree_does_not_take_its_place(numeric: ZygoteJail) -> None:
    files = {"numpy.py": b"ones = None\n", "numpy/__init__.py": b"ones = None\n"}
    reply = ask(numeric, "import numpy\ndef f(x):\n    return numpy.ones(2).tolist()", files=files)
    assert reply.value == [1.0, 1.0]


def test_what_one_call_does_to_numpy_is_gone_in_the_next(numeric: ZygoteJail) -> None:
    spoil = "import numpy\ndef f(x):\n    numpy.ones = lambda n: 'spoiled'\n    numpy.core = None\n    return numpy.ones(1)"
    assert ask(numeric, spoil).value == "spoiled"
    assert ask(numeric, "import numpy\ndef f(x):\n    return numpy.ones(1).tolist()").value == [1.0]


def test_a_traceback_through_numpy_names_no_folder_of_this_machine(numeric: ZygoteJail) -> None:
    reply = ask(numeric, "import numpy\ndef f(x):\n    numpy.linalg.inv(numpy.zeros((2, 2)))")
    assert reply.outcome is Outcome.CRASHED and reply.reason.startswith("numpy.linalg.LinAlgError: Singular matrix")
    assert "packages/numpy/linalg" in reply.reason and sys.prefix not in reply.reason


def test_arrays_are_no_plain_data(numeric: ZygoteJail) -> None:
    for value in ("numpy.ones(3)", "numpy.float32(1)", "numpy.int64(1)", "numpy.bool_(True)"):
        assert ask(numeric, f"import numpy\ndef f(x):\n    return {value}").outcome is Outcome.MALFORMED


def test_arrays_beyond_the_limit_are_out_of_memory(numeric: ZygoteJail) -> None:
    limits = Limits(wall_s=20.0, memory_bytes=1_000_000_000)
    assert (
        ask(numeric, "import numpy\ndef f(x):\n    return float(numpy.ones(10**9).sum())", limits=limits).outcome is Outcome.OUT_OF_MEMORY
    )


def test_the_zygote_knows_no_folder_of_the_judge(numeric: ZygoteJail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSI_TEST_SECRET", "nobody-may-know")
    source = """
import os, sys
def f(x):
    return {'environment': dict(os.environ), 'arguments': sys.argv, 'path': sys.path, 'modules': sorted(sys.modules),
            'files': sorted({str(getattr(m, '__file__', '')) for m in list(sys.modules.values())})}
"""
    files = {"guest.py": source.encode()}
    with ZygoteJail(tier=numeric.tier, preload=WARM) as jail:
        reply = jail.call(Call(files=files, module="guest", function="f", payload=None))
        assert jail._process is not None
        seen = [repr(reply.value), *_as_the_host_sees(jail.standing)]
    project = str(Path(__file__).parents[2])
    judge = [project, str(Path.home() / "."), os.getcwd(), "nobody-may-know"]
    interpreter = os.path.realpath(sys.base_prefix)
    packages = str(Path(pytest.__file__).parents[1])
    for text in seen:
        for known in (f"{packages}/numpy", interpreter):
            text = text.replace(known, "known") if numeric.tier != "S3" or known == interpreter else text
        assert [secret for secret in judge if secret in text] == []
        assert numeric.tier != "S3" or packages not in text


def _as_the_host_sees(family: frozenset[int]) -> list[str]:
    """Environment, arguments (without the program text and what is mounted from where) and mapped files of the jail's processes."""
    texts = []
    for pid in family:
        folder = Path(f"/proc/{pid}")
        if folder.is_dir() and (folder / "comm").read_text().startswith("python"):
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            texts += [(folder / "environ").read_text(), (folder / "maps").read_text(), repr(arguments)]
    return texts
