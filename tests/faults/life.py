"""Lives of a node on a watched disk, journalled: what a power cut could interrupt."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from tests.faults.journal import Card, Change, read_journal
from tests.faults.recovery import Told
from tests.faults.shim import WatchedDisk
from tests.faults.supervise import PATIENCE_S, ArchiveProcess, Jobs


@dataclass
class Node:
    """A node on a watched disk and the server it delivers to."""

    disk: WatchedDisk
    jobs: Jobs
    archive: ArchiveProcess
    state: Path
    config: Path
    recorded: int = 0

    def claim(self) -> None:
        arguments = ["claim", "--server", self.archive.url, "--token", "t" * 20, "--config", str(self.config)]
        assert self.jobs.run("lintel-edge", arguments=arguments) == 0

    def courier(self) -> int:
        """Start the courier; its pid."""
        return self.jobs.begin("lintel-edge", arguments=["courier", "--config", str(self.config)])

    def end(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)
        assert self.jobs.wait(pid) == 0

    def record(self, count: int, **how: object) -> None:
        """A life of capture's outbox that records so many sightings."""
        first, self.recorded = self.recorded + 1, self.recorded + count
        assert self.jobs.run("record", state=str(self.state), first=first, last=self.recorded, **how) == 0

    def wait_until_delivered(self) -> None:
        """By the server's log: whoever looks into the outbox itself would touch the watched disk."""
        wait_until(lambda: self.recorded <= sum(line.startswith('{"protocol"') for line in self.archive.lines()))


def wait_until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """How long it took, in seconds."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within_s, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def node_on(folder: Path, *, journalled: bool = False, output: IO[bytes] | None = None) -> Iterator[Node]:
    """An unclaimed node on a card below `folder`, which lies outside of what is watched itself. `output` gets what it prints."""
    disk = WatchedDisk.at(folder)
    archive = ArchiveProcess.start(folder / "archive", disk=disk if journalled else None)
    with (folder / "output").open("ab") as file:
        jobs = Jobs.start(disk, output=output or file, journalled=journalled)
    state, config = disk.card / "state", folder / "node.toml"
    config.write_text(f'state = "{state}"\n[camera]\nkind = "replay"\nsource = "clip.mp4"\n', encoding="utf-8")
    try:
        yield Node(disk, jobs, archive, state, config)
    except BaseException:
        sys.stderr.write((folder / "errors").read_text(encoding="utf-8", errors="replace")[-3000:])
        raise
    finally:
        jobs.close()
        archive.close()


SIGHTINGS_OF_A_ROUND = 25


def a_life(folder: Path, *, rounds: int) -> list[Change]:
    """From the first boot on: claimed, then rounds of it."""
    with node_on(folder, journalled=True) as node:
        node.claim()
        for number in range(rounds):
            a_round(node, epoch=2 * number + 3)
    return read_journal(node.disk.journal)


def a_round(node: Node, *, epoch: int) -> None:
    """Recording while the courier delivers, ended in good order and not, in a new epoch, and offline."""
    part = SIGHTINGS_OF_A_ROUND // 5
    courier = node.courier()
    for dies in (False, True):
        node.record(part, dies=dies)
        node.wait_until_delivered()
    node.record(part, epoch=epoch)
    node.end(courier)
    node.record(part, dies=True, epoch=epoch + 1)
    courier = node.courier()
    node.record(part)
    node.wait_until_delivered()
    node.end(courier)


@dataclass(frozen=True, slots=True)
class Start:
    """What was durable on a card, and what had been said, before a journal begins."""

    card: Card
    told: Told

    @classmethod
    def blank(cls, folder: Path) -> Self:
        """For the journal of a card below `folder` on which there was nothing."""
        nothing = folder / "nothing"
        nothing.mkdir(exist_ok=True)
        return cls(Card(nothing, named=folder / "card"), Told())


def a_later_life(folder: Path, make: Callable[[Path], Told], *, sightings: int) -> tuple[Start, list[Change]]:
    """Records, alone, on a card that `make` made: an update or a salvage first."""
    disk = WatchedDisk.at(folder)
    told = make(disk.card / "state")
    start = Start(Card(disk.card, named=disk.card), told)
    with (folder / "output").open("ab") as output:
        jobs = Jobs.start(disk, output=output, journalled=True)
    assert jobs.run("record", state=str(disk.card / "state"), first=1001, last=1000 + sightings) == 0
    jobs.close()
    return start, read_journal(disk.journal)


def spoilt_lives(folder: Path, controls: Iterable[str], *, sightings: int) -> dict[str, list[Change]]:
    """For each control the journal of a node that is wrong in that way and records, alone, on a card of its own."""
    disk = WatchedDisk.at(folder)
    with (folder / "output").open("ab") as output:
        jobs = Jobs.start(disk, output=output, journalled=True)
    journals = {}
    for control in controls:
        state = str(disk.card / "state")
        assert jobs.run("claimed", state=state) == 0
        assert jobs.run("record", state=state, first=1, last=sightings, control=control) == 0
        journals[control] = read_journal(disk.journal)
        shutil.rmtree(state)
        os.truncate(disk.journal, 0)
    jobs.close()
    return journals
