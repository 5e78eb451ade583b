"""What an attack suite showed, kept in the user's state folder for as long as nothing changes on which it depends.

Covers: another source of the kernel or of the attacks, another operating system, Python, user, bubblewrap or abilities of the jail: each
makes a proof worthless, and the jail is attacked again.
Does not cover: whoever can write into the state folder (nobody in a jail can); settings of the machine that do not show in what a jail says
of itself: `rsi doctor --attack` proves it anew.
"""

import contextlib
import hashlib
import json
import os
import platform
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsi.attacks.model import Result, Status
from rsi.core.codec import canonical, decode, encode, loads, sha256_hex
from rsi.core.errors import MessageError, UserError
from rsi.core.records import JailProof, Json
from rsi.kernel.audit.identity import kernel_hash, source_hash
from rsi.kernel.sandbox import open_jail

__all__ = ["Proofs", "circumstances", "proof_of", "proven", "state_folder"]

_MOST_BYTES = 100_000
_ABILITIES = ("filter", "fence", "landlock", "uid", "counted", "group")


def state_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where rsi keeps what it knows of this machine: `RSI_STATE`, else `rsi` in `XDG_STATE_HOME`, else `~/.local/state/rsi`."""
    if environment.get("RSI_STATE"):
        return Path(environment["RSI_STATE"])
    base = environment.get("XDG_STATE_HOME", "")
    return (Path(base) if os.path.isabs(base) else home / ".local" / "state") / "rsi"


def circumstances(tier: str, template: str | None = None) -> dict[str, Json]:
    """All that a proof for this tier depends on: sources, machine, and what a jail of the tier says of itself.

    Raises:
        UserError: the machine cannot enforce this tier.
    """
    with open_jail((), tier, template=template) as jail:
        abilities: dict[str, Json] = {name: str(jail.enforced.get(name)) for name in _ABILITIES}
    return {
        "tier": tier,
        "kernel": kernel_hash(),
        "attacks": source_hash("attacks"),
        "system": " ".join((platform.system(), platform.release(), platform.version(), platform.machine())),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "root": os.getuid() == 0,
        "bubblewrap": _bubblewrap(),
        "template": template if tier == "S4" else None,
        "jail": abilities,
    }


def _bubblewrap() -> str:
    """SHA-256 of the program, which says more than its version."""
    program = shutil.which("bwrap")
    if program is None:
        return "none"
    with contextlib.suppress(OSError):
        return hashlib.sha256(Path(program).read_bytes()).hexdigest()
    return "unreadable"


def proof_of(results: Sequence[Result], *, tier: str, suite: str, at: float) -> JailProof:
    """The results of one tier in one record; what could not be tried here counts nowhere."""
    seen = Counter(result.status for result in results)
    return JailProof(
        tier=tier,
        suite=suite,
        attacks=len(results) - seen[Status.NOT_RUN],
        held=seen[Status.HELD],
        got_through=tuple(result.attack for result in results if result.status is Status.THROUGH),
        reported=seen[Status.REPORTED],
        at=round(at, 3),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The proofs that are kept in a folder, one file for each tier and its circumstances, `template` (the command of S4) among them."""

    folder: Path
    template: str | None = None

    def find(self, tier: str) -> JailProof | None:
        """The proof for this tier under the present circumstances; None if there is none that can be read."""
        there = circumstances(tier, self.template)
        with contextlib.suppress(OSError, MessageError):
            data = loads(self._place(there).read_bytes(), max_bytes=_MOST_BYTES)
            if isinstance(data, dict) and canonical(data.get("circumstances")) == canonical(there):
                found: JailProof = decode(JailProof, data.get("proof"))
                return found
        return None

    def keep(self, proof: JailProof) -> Path:
        """Write a proof down in place of what was known before.

        Raises:
            UserError: the folder cannot be written.
        """
        there = circumstances(proof.tier, self.template)
        path = self._place(there)
        text = json.dumps({"circumstances": there, "proof": encode(proof)}, indent=1, sort_keys=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.write_text(text + "\n", encoding="utf-8")
            os.replace(draft, path)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}; set RSI_STATE to a folder that can") from None
        return path

    def _place(self, there: Mapping[str, Json]) -> Path:
        return self.folder / f"jail-{there['tier']}-{sha256_hex(canonical(dict(there)))[:16]}.json"


def proven(tier: str, *, proofs: Proofs, attack_quickly: Callable[[str], Sequence[Result]], now: Callable[[], float]) -> JailProof:
    """The proof that is kept for this tier, else that of the quick attacks, run here and now.

    A quick proof in which all held is kept as well; one with a hole is not, so that the next run looks again.
    """
    known = proofs.find(tier)
    if known is not None:
        return known
    proof = proof_of(attack_quickly(tier), tier=tier, suite="quick", at=now())
    if not proof.got_through:
        with contextlib.suppress(UserError):
            proofs.keep(proof)
    return proof
