"""Coverage as it is read from the rows, against a model that looks at every second by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from uuid import UUID, uuid4

import pytest

from server.sightings.coverage import covered
from server.sightings.coverage_models import MissingRange
from server.sightings.models import Observation, Record
from tests.factories import NOON, FakeNode, a_door

pytestmark = pytest.mark.django_db
NS = 10**9
LENGTH = 150


@dataclass(frozen=True)
class Told:
    """An observation in seconds after noon, which are those of its boot's clock."""

    boot: UUID
    epoch: int
    begins: int
    ends: int
    width: int
    blind: tuple[tuple[int, int], ...]


def histories(random: Random) -> Iterator[Told]:
    clock, epoch = 0, 1
    for _ in range(2):
        boot, width = uuid4(), random.randint(0, 4)
        for _ in range(random.randint(0, 7)):
            begins = clock + random.choice([0, 0, 0, 3])
            clock = begins + random.randint(0, 12)
            epoch += random.random() < 0.15
            blind = tuple(tuple(sorted(random.choices(range(begins, clock + 1), k=2))) for _ in range(random.choice([0, 0, 1, 2])))
            yield Told(boot, epoch, begins, clock, width, blind)  # type: ignore[arg-type]
        clock += random.randint(0, 5)


def kept(node: FakeNode, told: list[Told], holes: list[tuple[int, int]]) -> None:
    seqs = count(1)
    for one in told:
        values = {"node": node.node, "epoch": one.epoch, "seq": next(seqs)}
        said = {"kind": "observation", "protocol": 1, "payload": b"{}", "sha256": "0" * 64, "signature": b"", "received_at": NOON}
        Observation.objects.create(
            record=Record.objects.create(uuid=uuid4(), **values, **said),
            **values,
            boot_id=one.boot,
            from_boot_ns=one.begins * NS,
            until_boot_ns=one.ends * NS,
            begins_at=NOON + timedelta(seconds=one.begins),
            ends_at=NOON + timedelta(seconds=one.ends),
            uncertainty_ms=one.width * 1000,
            last_seq=0,
            blind=[{"from_boot_ns": begins * NS, "until_boot_ns": ends * NS, "reason": "dark"} for begins, ends in one.blind],
        )
    for begins, ends in holes:
        times = {"earliest_at": NOON + timedelta(seconds=begins), "latest_at": NOON + timedelta(seconds=ends), "found_at": NOON}
        MissingRange.objects.create(node=node.node, epoch=9, from_seq=next(seqs), to_seq=2**40, **times)


def second_by_second(told: list[Told], holes: list[tuple[int, int]], *, strayed: int) -> set[int]:
    """A second is certain if, wherever it truly was within the width of the times, somebody looked and nothing blind was near."""
    found: set[int] = set()
    for boot in {one.boot for one in told}:
        mine = [one for one in told if one.boot == boot]
        seen = {second for one in mine for second in range(one.begins, one.ends)}
        width = mine[0].width
        found |= {second for second in seen if all(other in seen for other in range(second - width, second + width + 1))}
    for one in told:
        for begins, ends in one.blind:
            found -= set(range(begins - one.width - strayed, ends + one.width + strayed))
        if any(other.boot == one.boot and other.ends == one.begins and other.epoch < one.epoch for other in told if other is not one):
            found -= set(range(one.begins - one.width, one.ends + one.width))
    return found - {second for begins, ends in holes for second in range(begins, ends)}


@pytest.mark.parametrize("seed", range(40))
def test_what_is_covered_is_what_every_second_by_itself_says(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (not for secrets)
    node = FakeNode.hung(door := a_door())
    told = list(histories(random))
    holes = [(begins, begins + random.randint(0, 20)) for begins in random.choices(range(LENGTH), k=random.choice([0, 1, 2]))]
    kept(node, told, holes)
    spans = covered(doors=[door.pk], begins_at=NOON, ends_at=NOON + timedelta(seconds=LENGTH))
    whole = [((one.begins_at - NOON).total_seconds(), (one.ends_at - NOON).total_seconds()) for one in spans]
    seconds = {second for second in range(LENGTH) if any(begins <= second and second + 1 <= ends for begins, ends in whole)}
    assert second_by_second(told, holes, strayed=1) <= seconds <= second_by_second(told, holes, strayed=0)
