"""The disk refuses a change: the node refuses too, visibly and wholly, and works again when the disk does."""

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.beforehand import damaged
from tests.faults.controls import HASTY
from tests.faults.journal import Card, read_journal
from tests.faults.life import Node, node_on
from tests.faults.recovery import Found, Told, start_after
from tests.faults.shim import Kind, WatchedDisk
from tests.faults.supervise import Jobs

ERRNOS = (errno.EIO, errno.ENOSPC, errno.EROFS)
SHORT_EVERY = 20
_OF_A_LIFE = 3
_A_WHILE = 6
"""So many changes in a row fail, when it is not a single one."""


@dataclass
class Trial:
    """A node on a disk that fails at one change after the other; after each life the power is cut as well."""

    node: Node
    folder: Path
    told: Told = field(default_factory=Told)
    lives: int = 0
    refusals: int = 0
    epoch: int = 1
    _read_bytes: int = 0

    def __post_init__(self) -> None:
        blank = self.folder / "blank"
        blank.mkdir()
        self.card = Card(blank, named=self.node.disk.card)

    def sweep(self, live: Callable[[], int], errno_: int, *, lasting: int, step: int) -> None:
        """Let `lasting` changes fail from the first on, then from a later one, until a life has no such change any more."""
        change = 1
        while True:
            self.node.disk.control.fail(errno_, first=change, last=change + lasting - 1, kinds=kinds_of(errno_))
            live()
            self.lives += 1
            reached = self.node.disk.control.count >= change
            self.node.disk.control.obey()
            self.listen()
            found = self.cut()
            assert found.is_whole, (os.strerror(errno_), change, found)
            if not reached:
                return
            change += step

    def record(self, **how: object) -> int:
        first, self.node.recorded = self.node.recorded + 1, self.node.recorded + _OF_A_LIFE
        return self.node.jobs.run("record", state=str(self.node.state), first=first, last=self.node.recorded, tries=4, **how)

    def begin_an_epoch(self) -> int:
        """Record in another epoch than the life before."""
        self.epoch += 1
        return self.record(epoch=self.epoch)

    def deliver(self) -> int:
        return self.node.jobs.run("courier", config=str(self.node.config), later_s=(self.lives + 1) * 61)

    def listen(self) -> None:
        """What was said since, by the node and by the server, as the journal has it."""
        read = self.node.disk.journal.stat().st_size
        for change in read_journal(self.node.disk.journal, behind_bytes=self._read_bytes):
            self.card.play(change)
            self.told.hear(change)
            self.refusals += change.kind is Kind.SAY and b'{"refused"' in change.more
        self._read_bytes = read

    def cut(self) -> Found:
        """The power goes now: what is on the disk, although some of it was refused?"""
        cut = self.folder / "cut"
        self.card.write_strict(cut)
        found = start_after(cut / "state", self.told)
        shutil.rmtree(cut)
        return found


def kinds_of(errno_: int) -> frozenset[Kind]:
    """A full disk takes what needs no room; a read-only one takes nothing; one that fails does so with data."""
    if errno_ == errno.ENOSPC:
        return frozenset({Kind.CREATE, Kind.WRITE, Kind.MKDIR, Kind.FSYNC})
    if errno_ == errno.EROFS:
        return frozenset(Kind) - {Kind.FSYNC, Kind.FSYNC_FOLDER, Kind.SAY, Kind.SYNC, Kind.MAPPED}
    return frozenset({Kind.CREATE, Kind.WRITE, Kind.TRUNCATE, Kind.FSYNC, Kind.FSYNC_FOLDER, Kind.RENAME, Kind.UNLINK, Kind.MKDIR})


@pytest.fixture
def trial(card: Path) -> Iterator[Trial]:
    with node_on(card, journalled=True) as node:
        trial = Trial(node, card)
        node.claim()
        yield trial


def fail_everywhere(trial: Trial, *, step: int) -> None:
    for errno_ in ERRNOS:
        for lasting in (1, _A_WHILE):
            trial.sweep(trial.record, errno_, lasting=lasting, step=step)
            trial.sweep(trial.deliver, errno_, lasting=lasting, step=step)
        trial.sweep(trial.begin_an_epoch, errno_, lasting=1, step=2 * step)


def assert_service(trial: Trial) -> None:
    """The disk works: recording and delivering does."""
    assert trial.record() == 0
    assert trial.deliver() == 0
    trial.listen()
    assert set(trial.told.recorded) <= set(trial.told.archived)


def test_what_the_disk_refuses_is_refused_whole(trial: Trial, tell: Callable[[str], None]) -> None:
    fail_everywhere(trial, step=SHORT_EVERY)
    assert_service(trial)
    assert trial.refusals > 0
    tell(
        f"disk errors (short): {trial.lives} lives with a failing change: "
        f"{trial.refusals} sightings refused, {len(trial.told.recorded)} kept, 0 lost"
    )


def salvage_everywhere(card: Path, *, step: int) -> Counter[str]:
    """A damaged card for every change of its salvage that fails; then the disk is well and the node starts again."""
    total: Counter[str] = Counter()
    disk = WatchedDisk.at(card)
    with (card / "output").open("ab") as output:
        jobs = Jobs.start(disk, output=output)
    for errno_ in ERRNOS:
        change = 1
        while change:
            state = disk.card / f"state-{errno_}-{change}"
            told = damaged(state)
            disk.control.fail(errno_, first=change, last=change, kinds=kinds_of(errno_))
            jobs.run("record", state=str(state), first=1001, last=1000, tries=1)
            reached = disk.control.count >= change
            disk.control.obey()
            found = start_after(state, told)
            assert found.is_whole, (os.strerror(errno_), change, found)
            total += Counter(salvages=1, present=found.present, reported=len(found.reported))
            shutil.rmtree(state)
            change = change + step if reached else 0
    jobs.close()
    return total


def test_control_a_node_that_announces_too_early_is_found_out(trial: Trial, tell: Callable[[str], None]) -> None:
    change = lost = 0
    while not lost:
        change += 1
        trial.node.disk.control.fail(errno.EIO, first=change, last=change, kinds=kinds_of(errno.EIO))
        trial.record(control=HASTY)
        trial.node.disk.control.obey()
        trial.listen()
        found = trial.cut()
        lost = len(found.lost) + len(found.wrong)
    tell(f"control {HASTY!r}: EIO at change {change} lost a record (must happen)")
    assert trial.refusals > 0


@pytest.mark.slow
def test_a_salvage_that_the_disk_refuses_is_made_again(card: Path, tell: Callable[[str], None]) -> None:
    total = salvage_everywhere(card, step=2 * SHORT_EVERY)
    assert 0 < total["reported"] < total["present"]
    tell(f"salvage with a failing change (short): {total['salvages']} salvages: 0 lost beyond the damage, which was reported")


@pytest.mark.faults
def test_at_every_change_what_the_disk_refuses_is_refused_whole(trial: Trial, tell: Callable[[str], None]) -> None:
    fail_everywhere(trial, step=1)
    assert_service(trial)
    tell(
        f"disk errors: EIO, ENOSPC and EROFS at every change of recording and delivering, {trial.lives} lives, "
        f"each with a power cut after: {trial.refusals} sightings refused, {len(trial.told.recorded)} kept, 0 lost, 0 half-written"
    )


@pytest.mark.faults
def test_a_salvage_that_the_disk_refuses_at_any_change_is_made_again(card: Path, tell: Callable[[str], None]) -> None:
    total = salvage_everywhere(card, step=1)
    assert 0 < total["reported"] < total["present"]
    tell(
        f"salvage with every change failing once, three errors: {total['salvages']} salvages: 0 lost beyond the damage, which was reported"
    )
