"""The witness: what a run emitted, noted outside of everything that is broken, and whether the invariants hold.

As a program (`python -m tests.faults.witness NOTES`) it reads capture's standard output and keeps the `recorded` lines;
killing or starving the node does not touch it. `judge` compares the notes with what the server holds:

I1 nothing lost · I2 no (epoch, seq) and no payload twice · I3 nothing that was not emitted · I4 payloads as hashed ·
I5 gaps reported · I6 images there and right, or given up by a signed record. Records that were made again under another
epoch keep their payload, so what was emitted is known by its hash.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import IO, Self

from shared_schema.envelope import Envelope, Kind
from tests.faults.shim import ROOT, plain_environment


@dataclass(frozen=True, slots=True)
class Emitted:
    """A record that capture announced."""

    epoch: int
    seq: int
    sha256: str


_NO_FAULTS = frozenset({"unannounced", "reported"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sentences on what broke an invariant.

    Not broken: `unannounced` sightings, whose capture died before it could announce them, and what was lost but `reported`.
    """

    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gaps_unreported: tuple[str, ...] = ()
    images_missing: tuple[str, ...] = ()
    unannounced: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()

    def broken(self, *, lives: int = 0) -> tuple[str, ...]:
        """Everything that is wrong. Each of so many killed lives may have left one sighting unannounced."""
        found = [f"{one.name}: {sentence}" for one in fields(self) if one.name not in _NO_FAULTS for sentence in getattr(self, one.name)]
        if len(self.unannounced) > lives:
            found.append(f"invented: {len(self.unannounced)} sightings were never announced, in {lives} lives")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Notes:
    """A witness at work; `input` is for the standard output of the programs it listens to."""

    path: Path
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, path: Path) -> Self:
        command = [sys.executable, "-m", "tests.faults.witness", str(path)]
        return cls(path, subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, env=dict(plain_environment())))

    @property
    def input(self) -> IO[bytes]:
        assert self.process.stdin
        return self.process.stdin

    def close(self) -> tuple[Emitted, ...]:
        """All it heard, once everybody who wrote to it has ended."""
        self.input.close()
        assert self.process.wait(60) == 0
        return read_notes(self.path.read_text(encoding="utf-8").splitlines())


def read_notes(lines: Iterable[str]) -> tuple[Emitted, ...]:
    """The `recorded` lines among `lines`."""
    return tuple(
        Emitted(int(told["epoch"]), int(told["seq"]), str(told["sha256"]))
        for line in lines
        if line.startswith('{"recorded"')
        for told in (json.loads(line),)
    )


def judge(
    emitted: Collection[Emitted],
    held: Collection[Envelope],
    *,
    public_key: bytes,
    images: Collection[str] | None = None,
    parked: Collection[tuple[int, int]] = (),
) -> Verdict:
    """Compare. That a crop will not come may be said twice.

    `images` are the hashes of the crops the server holds, None: not looked at; `parked` is what the node shows as refused.
    """
    told = {one.sha256 for one in emitted}
    payloads = Counter(one.sha256 for one in held)
    once = Counter(one.sha256 for one in held if one.kind != Kind.CROP_SHED)
    keys = Counter((one.epoch, one.seq) for one in held)
    gaps = _Gaps.told_by(held)
    gone = [one for one in emitted if one.sha256 not in payloads and (one.epoch, one.seq) not in set(parked)]
    return Verdict(
        lost=tuple(f"{one.epoch}/{one.seq}" for one in gone if not gaps.cover(one.epoch, one.seq)),
        duplicated=(
            *(f"{epoch}/{seq} is there {times} times" for (epoch, seq), times in keys.items() if times > 1),
            *(f"payload {payload[:12]} is there {times} times" for payload, times in once.items() if times > 1),
            *_emitted_twice(emitted),
        ),
        invented=tuple(f"{one.epoch}/{one.seq} is not signed by the node" for one in held if not _is_genuine(one, public_key)),
        changed=tuple(f"{one.epoch}/{one.seq}" for one in held if sha256(one.payload).hexdigest() != one.sha256),
        gaps_unreported=_gaps_unreported({*keys, *parked}, gaps),
        images_missing=() if images is None else _images_missing(held, images),
        unannounced=tuple(f"{one.epoch}/{one.seq}" for one in held if one.kind == Kind.SIGHTING and one.sha256 not in told),
        reported=tuple(f"{one.epoch}/{one.seq}" for one in gone if gaps.cover(one.epoch, one.seq)),
    )


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Ranges that the node reported lost: epoch, first and last seq."""

    ranges: tuple[tuple[int, int, int], ...]

    @classmethod
    def told_by(cls, held: Iterable[Envelope]) -> Self:
        told = [json.loads(one.payload) for one in held if one.kind == Kind.GAP]
        return cls(tuple((one["lost_epoch"], one["from_seq"], one["to_seq"]) for one in told))

    def cover(self, epoch: int, seq: int) -> bool:
        return any(of == epoch and first <= seq <= last for of, first, last in self.ranges)


def _emitted_twice(emitted: Iterable[Emitted]) -> tuple[str, ...]:
    first: dict[tuple[int, int], str] = {}
    return tuple(
        f"{one.epoch}/{one.seq} was given to two records"
        for one in emitted
        if first.setdefault((one.epoch, one.seq), one.sha256) != one.sha256
    )


def _is_genuine(envelope: Envelope, public_key: bytes) -> bool:
    try:
        envelope.verify(public_key)
    except ValueError:
        return False
    return True


def _gaps_unreported(there: Collection[tuple[int, int]], gaps: _Gaps) -> tuple[str, ...]:
    highest: dict[int, int] = {}
    for epoch, seq in there:
        highest[epoch] = max(highest.get(epoch, 0), seq)
    return tuple(
        f"{epoch}/{seq}"
        for epoch, last in highest.items()
        for seq in range(1, last)
        if (epoch, seq) not in there and not gaps.cover(epoch, seq)
    )


def _images_missing(held: Iterable[Envelope], images: Collection[str]) -> tuple[str, ...]:
    named: Mapping[str, Envelope] = {
        crop["sha256"]: one for one in held if one.kind == Kind.SIGHTING and (crop := json.loads(one.payload).get("crop"))
    }
    shed = {json.loads(one.payload).get("crop_sha256") for one in held if one.kind == Kind.CROP_SHED}
    return tuple(f"{one.epoch}/{one.seq}" for crop, one in named.items() if crop not in images and crop not in shed)


def main() -> None:
    with Path(sys.argv[1]).open("a", encoding="utf-8", buffering=1) as notes:
        for line in sys.stdin.buffer:
            text = line.decode("utf-8", "replace")
            if text.startswith('{"recorded"') and text.endswith("}\n"):
                notes.write(text)


if __name__ == "__main__":
    main()
