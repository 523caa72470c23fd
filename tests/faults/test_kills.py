"""SIGKILL at every change of the disk and at random: every sighting that was announced arrives, once."""

import os
import random
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.archive import read_log
from tests.faults.controls import HASTY
from tests.faults.life import Node, node_on
from tests.faults.witness import Notes, Verdict, judge

KILLS, RANDOM_KILLS = 1_200, 300
"""In `make faults`; at least as many as that, the second ones besides."""
SHORT_EVERY = 8
_OF_A_LIFE = 4
_KILLED = -signal.SIGKILL


@dataclass
class Kills:
    """Lives of a node that end by SIGKILL, and what came of them."""

    node: Node
    lives: int = 0
    kills: int = 0
    couriers: int = 0
    control: str | None = None
    places: set[tuple[str, int]] = field(default_factory=set)

    def sweep(self, name: str, begin: Callable[[], int], *, step: int = 1) -> None:
        """Kill what `begin` starts at its first change, then again at a later one, until it comes through."""
        change = 1
        while True:
            self.node.disk.control.kill_at(change)
            code = self.node.jobs.wait(begin())
            if code != _KILLED:
                assert code == 0
                break
            self.places.add((name, change))
            self.kills += 1
            change += step
        self.node.disk.control.obey()

    def claim(self) -> int:
        arguments = ["claim", "--server", self.node.archive.url, "--token", "t" * 20, "--config", str(self.node.config)]
        return self.node.jobs.begin("lintel-edge", arguments=arguments)

    def capture(self) -> int:
        self.lives += 1
        first, self.node.recorded = self.node.recorded + 1, self.node.recorded + _OF_A_LIFE
        return self.node.jobs.begin("record", state=str(self.node.state), first=first, last=self.node.recorded, control=self.control)

    def courier(self) -> int:
        self.couriers += 1
        return self.node.jobs.begin("courier", config=str(self.node.config), later_s=self.couriers * 61)

    def at_random(self, kills: int, seed: int) -> None:
        """Capture and courier at work together; one of the two is killed, now and then, whatever it does."""
        chance = random.Random(seed)  # noqa: S311 (not for secrets)
        running: dict[str, int] = {}
        begin: Mapping[str, Callable[[], int]] = {"capture": self.capture, "courier": self.courier}
        for _ in range(kills):
            for name in begin.keys() - running.keys():
                running[name] = begin[name]()
            victim = chance.choice(("capture", "courier"))
            with suppress(TimeoutError):
                self.node.jobs.wait(running[victim], within_s=chance.uniform(0.0, 0.08))
                del running[victim]
                continue
            os.kill(running[victim], signal.SIGKILL)
            self.kills += self.node.jobs.wait(running.pop(victim)) == _KILLED
        for pid in running.values():
            self.node.jobs.wait(pid)


def lives_and_kills(folder: Path, live: Callable[[Kills], None]) -> tuple[Kills, Verdict, int]:
    """Let a node live so, deliver what is left, and judge. The last number is how many records the server holds."""
    notes = Notes.start(folder / "notes")
    with node_on(folder, output=notes.input) as node:
        kills = Kills(node)
        live(kills)
        assert node.jobs.wait(kills.courier()) == 0
    emitted = notes.close()
    held = read_log(folder / "archive")
    assert emitted
    return kills, judge(emitted, held.envelopes, public_key=held.public_key, images=held.images), len(held.envelopes)


def test_killed_at_changes_of_the_disk_a_node_loses_and_repeats_nothing(card: Path, tell: Callable[[str], None]) -> None:
    def live(kills: Kills) -> None:
        kills.sweep("claim", kills.claim, step=2)
        kills.sweep("capture", kills.capture, step=SHORT_EVERY)
        kills.sweep("courier", kills.courier, step=SHORT_EVERY)

    kills, verdict, held = lives_and_kills(card, live)
    assert verdict.broken(lives=kills.lives) == ()
    tell(f"kills (short): {kills.kills} at {len(kills.places)} places, {held} records held: 0 lost, 0 duplicated")


def test_control_a_node_that_announces_too_early_loses_what_it_announced(card: Path, tell: Callable[[str], None]) -> None:
    def live(kills: Kills) -> None:
        assert kills.node.jobs.wait(kills.claim()) == 0
        kills.control = HASTY
        kills.sweep("capture", kills.capture, step=SHORT_EVERY)

    kills, verdict, _ = lives_and_kills(card, live)
    assert len(verdict.lost) + len(verdict.duplicated) > 0
    tell(f"control {HASTY!r}: {kills.kills} kills, {len(verdict.lost)} lost, {len(verdict.duplicated)} numbers given twice (must not be 0)")


@pytest.mark.faults
def test_a_thousand_kills_lose_and_repeat_nothing(card: Path, tell: Callable[[str], None]) -> None:
    def live(kills: Kills) -> None:
        kills.sweep("claim", kills.claim)
        while kills.kills < KILLS:
            kills.sweep("capture", kills.capture)
            kills.sweep("courier", kills.courier)
        kills.at_random(RANDOM_KILLS, seed=1)

    kills, verdict, held = lives_and_kills(card, live)
    assert verdict.broken(lives=kills.lives) == ()
    assert kills.kills > KILLS
    tell(
        f"kills: {kills.kills} SIGKILLs, at {len(kills.places)} different changes of the disk and at random, "
        f"{held} records held: {len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated, "
        f"{len(verdict.unannounced)} killed between their record and its announcement"
    )
