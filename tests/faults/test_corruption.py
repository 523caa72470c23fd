"""Bytes of the card change by themselves: it is found and reported, or it changed nothing. Never a wrong record, never a silent loss."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_client.errors import OutboxError
from edge_client.outbox import wal
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import list_records
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Envelope, Kind
from shared_schema.node import Receipt, Status
from shared_schema.sealing import CROP, unseal
from tests.edge_client.fakes import SEAL, SIGNER, FakeClock, an_identity
from tests.faults.jobs import LIMITS, sighting
from tests.faults.witness import Emitted, judge

FLIPS, SHORT_FLIPS = 200, 8
"""Of single bytes, and as many of 16 bytes in a row."""
_KEY = SIGNER.public_key().public_bytes_raw()


@dataclass
class Made:
    """An outbox as a power cut left it, with a log, and what is known of it."""

    folder: Path
    emitted: list[Emitted] = field(default_factory=list)
    delivered: list[Envelope] = field(default_factory=list)
    images: set[str] = field(default_factory=set)

    @property
    def files(self) -> list[Path]:
        names = ("outbox.db", "outbox.db-wal")
        return sorted(path for path in self.folder.rglob("*") if path.name in names or path.suffix == ".sealed")


def open_as_capture(folder: Path, clock: FakeClock) -> Outbox:
    return Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=clock, limits=LIMITS)


@pytest.fixture
def made(memory: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Forty sightings: some delivered, some accepted, one refused; the last ones lie in the log alone."""
    monkeypatch.setattr(wal, "_BETWEEN_LOOKS_S", 0.0)
    clock, live = FakeClock(), memory / "live"
    made = Made(memory / "made")
    outbox = open_as_capture(live, clock)
    _put(outbox, made, range(1, 21))
    deliveries = Deliveries.open(live, clock=clock)
    leased = deliveries.lease(14)
    answers = [*[Status.ARCHIVED] * 7, *[Status.ACCEPTED] * 6, Status.REJECTED]
    deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=s) for r, s in zip(leased, answers, strict=True)])
    made.delivered += [record.item.envelope for record in leased[:13]]
    crops = deliveries.lease_crops(4)
    made.images |= {crop.sha256 for crop in crops}
    deliveries.ack_crops(crops)
    outbox.close()
    deliveries.close()
    outbox = open_as_capture(live, clock)
    _put(outbox, made, range(21, 41))
    shutil.copytree(live, made.folder)
    outbox.close()
    for shared in made.folder.glob("*-shm"):
        shared.unlink()
    return made


def _put(outbox: Outbox, made: Made, numbers: range) -> None:
    for number in numbers:
        crop = None if number % 4 == 0 else b"\xff\xd8" + bytes([number]) * 900
        probe = number.to_bytes(64, "little")
        recorded = outbox.put(Kind.SIGHTING, sighting(number, crop=crop, probe=probe), probe=probe, crop=crop)
        made.emitted.append(Emitted(recorded.epoch, recorded.seq, recorded.sha256))


def flip(folder: Path, made: Made, chance: random.Random, length: int) -> str:
    """Change so many bytes somewhere in the database, in its log or in a crop, each as likely as the others. Says where."""
    suffix = chance.choice((".db", ".db-wal", ".sealed"))
    file = chance.choice([path for path in made.files if path.name.endswith(suffix)])
    path = folder / file.relative_to(made.folder)
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data) - length)
    data[at : at + length] = bytes(byte ^ chance.randrange(1, 256) for byte in data[at : at + length])
    path.write_bytes(data)
    return f"{path.name} at {at}"


@dataclass
class Aftermath:
    """What a server has in the end, and whether the node told that something was wrong."""

    held: list[Envelope]
    images: set[str]
    parked: set[tuple[int, int]] = field(default_factory=set)
    told: bool = False

    def deliver_all(self, folder: Path, clock: FakeClock) -> None:
        """One life: open, record once, hand over everything; a courier that finds damage leaves it to the next life."""
        outbox = open_as_capture(folder, clock)
        self.told = self.told or bool(outbox.losses) or outbox.facts.disk_errors > 0 or outbox.orphans_removed > 0
        new = outbox.put(Kind.OBSERVATION, str(len(self.held)).encode())
        assert (new.epoch, new.seq) not in {(one.epoch, one.seq) for one in self.held}, "a number is given a second time"
        try:
            deliveries = Deliveries.open(folder, clock=clock)
            self._take(deliveries)
            deliveries.close()
        except OutboxError:
            self.told = True
        outbox.close()

    def _take(self, deliveries: Deliveries) -> None:
        leased = deliveries.lease(1000)
        there = {(one.epoch, one.seq): one.sha256 for one in self.held}
        new = [record for record in leased if (record.epoch, record.seq) not in there]
        assert all(there.get((r.epoch, r.seq), r.sha256) == r.sha256 for r in leased), "another record under a number the server has"
        self.held += [record.item.envelope for record in new]
        deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ARCHIVED) for r in leased])
        crops = deliveries.lease_crops(1000)
        for crop in crops:
            unseal(crop.sealed, private_key=SEAL.private_bytes_raw(), purpose=CROP)
            self.images.add(crop.sha256)
        deliveries.ack_crops(crops)


def trial(folder: Path, made: Made, chance: random.Random, length: int) -> str:
    """Flip, live three more lives in two boots, and judge. Returns `reported` or `harmless`; anything else is an error."""
    shutil.copytree(made.folder, folder)
    where = flip(folder, made, chance, length)
    after = Aftermath(list(made.delivered), set(made.images))
    for boot in (2, 2, 3):
        after.deliver_all(folder, FakeClock(boot=boot, boot_ns=10**9 * boot))
    after.parked = {(one.epoch, one.seq) for one in list_records(folder) if one.state == "parked"}
    shutil.rmtree(folder)
    verdict = judge(made.emitted, after.held, public_key=_KEY, images=after.images, parked=after.parked)
    assert verdict.broken() == (), where
    shed = any(one.kind == Kind.CROP_SHED for one in after.held)
    return "reported" if after.told or verdict.reported or shed else "harmless"


def flips(memory: Path, made: Made, count: int) -> Counter[str]:
    """So many trials of each length, and what SQLite's own check alone says of the same flips."""
    total: Counter[str] = Counter()
    for length in (1, 16):
        for number in range(count):
            total[trial(memory / "trial", made, random.Random(1000 * length + number), length)] += 1  # noqa: S311 (not for secrets)
            total["found by integrity_check"] += _seen_by_sqlite(memory / "control", made, random.Random(1000 * length + number), length)  # noqa: S311
    return total


def _seen_by_sqlite(folder: Path, made: Made, chance: random.Random, length: int) -> bool:
    """The control: opens what is there and asks SQLite alone."""
    shutil.copytree(made.folder, folder)
    flip(folder, made, chance, length)
    connection = sqlite3.connect(folder / "outbox.db")
    try:
        answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error:
        answer = "an error"
    connection.close()
    shutil.rmtree(folder)
    return bool(answer != "ok")


def test_an_outbox_that_nobody_touched_is_delivered_without_a_word(memory: Path, made: Made) -> None:
    after = Aftermath([*made.delivered], set(made.images))
    after.deliver_all(made.folder, FakeClock(boot=2))
    parked = {(one.epoch, one.seq) for one in list_records(made.folder) if one.state == "parked"}
    assert judge(made.emitted, after.held, public_key=_KEY, images=after.images, parked=parked).broken() == ()
    assert not after.told
    assert len(parked) == 1


def test_changed_bytes_are_found_or_change_nothing(memory: Path, made: Made, tell: Callable[[str], None]) -> None:
    total = flips(memory, made, SHORT_FLIPS)
    assert total["reported"] + total["harmless"] == 2 * SHORT_FLIPS
    assert total["found by integrity_check"] < total["reported"]
    tell(f"changed bytes (short): {dict(total)}, 0 silent")


@pytest.mark.faults
def test_two_hundred_changes_of_a_byte_and_of_sixteen_are_all_found(memory: Path, made: Made, tell: Callable[[str], None]) -> None:
    total = flips(memory, made, FLIPS)
    assert total["reported"] + total["harmless"] == 2 * FLIPS
    assert total["found by integrity_check"] < total["reported"]
    tell(
        f"changed bytes: {FLIPS} single ones and {FLIPS} times 16 in a row over database, log and crops: "
        f"{total['reported']} reported, {total['harmless']} changed nothing that counts, 0 silent losses; "
        f"control: integrity_check alone found {total['found by integrity_check']}"
    )
