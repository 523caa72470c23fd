"""Many days without a server, and many nodes that come back at once: nothing lost, nothing twice, fresh sightings first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest

from edge_client.commands.simulate import claim_missing
from edge_client.simulate.crowd import simulate
from edge_client.simulate.plan import Model, Plan
from edge_client.simulate.summary import UNFINISHED, Summary, summarise
from shared_schema.face.manifest import ModelSet
from shared_schema.ids import PersonId
from tests.faults.load_server import LoadedServer, loaded_server
from tests.faults.network_receiver import LiveReceiver

ONE_NODE_DAYS, ONE_NODE_RATE, ONE_NODE_RECORDS, ONE_NODE_PER_S = 30.0, 0.9, 60_000, 200.0
ONE_NODE_PATIENCE_S = 180.0
"""In `make faults`: passes a minute that make so many records in so many days, and how many a second have to be delivered."""
MANY_NODES, MANY_DAYS, MANY_RATE = 200, 0.25, 0.15
FRESH_WITHIN_S = 15.0
LEAST_PROGRESS = 0.5
"""The share of its backlog that every node has delivered when half of them have delivered all."""
PEOPLE = 20

Tell = Callable[[str], None]


@pytest.fixture(scope="module")
def server() -> Iterator[LoadedServer]:
    with loaded_server() as server:
        yield server


class Loadable(Protocol):
    """A server that gives people, claim tokens and counts."""

    @property
    def url(self) -> str: ...

    def people(self, count: int) -> list[str]: ...

    def claim_tokens(self, count: int) -> list[str]: ...


def return_of(server: Loadable, folder: Path, *, processes: int | None = None, **values: float) -> Summary:
    """Nodes that come back after days without the server."""
    embedder = ModelSet.load(None).embedder
    people = tuple(PersonId(UUID(one)) for one in server.people(PEOPLE))
    plan = Plan(server=server.url, people=people, model=Model(embedder.model_id, embedder.dimension), **values)  # type: ignore[arg-type]
    folders = [folder / f"node-{number}" for number in range(plan.nodes)]
    claim_missing(folders, plan, server.claim_tokens(plan.nodes))
    return summarise(simulate(plan, folders, processes=processes))


def check(server: LoadedServer, summary: Summary, before: "Held") -> None:
    """Nothing lost, nothing twice, no answer that speaks of trouble; the database agrees with the receipts. Crops may still be waiting."""
    assert summary.exit_code == 0 or (summary.exit_code == UNFINISHED and not summary.waiting), "\n".join(summary.in_words())
    now = Held.of(server)
    assert now.records - before.records == now.distinct - before.distinct == summary.counts.archived == summary.counts.recorded
    assert now.crops - before.crops == summary.counts.crops_stored
    statuses = {status for asked in summary.calls.values() for status in asked.statuses}
    assert statuses <= {"200", "204", "304", "429", "none"}
    assert "Traceback" not in server.log()


class Held:
    """What the database holds, counted without the server."""

    def __init__(self, records: int, distinct: int, crops: int) -> None:
        self.records, self.distinct, self.crops = records, distinct, crops

    @classmethod
    def of(cls, server: LoadedServer) -> "Held":
        distinct = "SELECT count(*) FROM (SELECT DISTINCT node_id, epoch, seq FROM sightings_record) one"
        return cls(server.count("SELECT count(*) FROM sightings_record"), server.count(distinct), server.crops_held())


class LiveServer(Protocol):
    url: str


@pytest.mark.django_db(transaction=True)
def test_nodes_that_were_away_lose_nothing(live_server: LiveServer, tmp_path: Path) -> None:
    live = LiveReceiver(live_server.url)
    summary = return_of(live, tmp_path, processes=1, nodes=3, offline_days=0.004, rate=10, seconds=2)
    assert summary.exit_code == 0, "\n".join(summary.in_words())
    assert summary.backlog >= 90
    held = live.held_by_node()
    assert len(held) == len(set(held)) == summary.counts.archived == summary.counts.recorded
    assert live.crops_held() == summary.counts.crops_stored > 0


@pytest.mark.slow
def test_a_node_that_was_away_delivers_everything_once_and_fresh_sightings_first(server: LoadedServer, tmp_path: Path, tell: Tell) -> None:
    before = Held.of(server)
    summary = return_of(server, tmp_path, offline_days=0.03, rate=20, seconds=8)
    tell("\n".join(("a node after a night without a server:", *summary.in_words())))
    check(server, summary, before)
    assert summary.fresh.count
    assert summary.fresh.longest_ms < FRESH_WITHIN_S * 1000


@pytest.mark.slow
def test_nodes_that_come_back_at_once_lose_nothing(server: LoadedServer, tmp_path: Path, tell: Tell) -> None:
    before = Held.of(server)
    summary = return_of(server, tmp_path, nodes=8, offline_days=0.01, rate=5, seconds=3)
    tell("\n".join(("8 nodes at once:", *summary.in_words())))
    check(server, summary, before)


@pytest.mark.slow
def test_control_a_database_that_forgets_a_record_is_noticed(server: LoadedServer, tmp_path: Path) -> None:
    before = Held.of(server)
    summary = return_of(server, tmp_path, offline_days=0.01, rate=1, seconds=1)
    check(server, summary, before)
    server.forget_an_observation()
    with pytest.raises(AssertionError):
        check(server, summary, before)


@pytest.mark.faults
def test_thirty_days_without_a_server_are_kept_and_drained(server: LoadedServer, tmp_path: Path, tell: Tell) -> None:
    before = Held.of(server)
    summary = return_of(server, tmp_path, offline_days=ONE_NODE_DAYS, rate=ONE_NODE_RATE, seconds=240, patience_s=ONE_NODE_PATIENCE_S)
    tell("\n".join(("30 days without a server, one node:", *summary.in_words())))
    check(server, summary, before)
    assert summary.backlog >= ONE_NODE_RECORDS
    assert summary.records_per_s >= ONE_NODE_PER_S
    assert summary.fresh.count
    assert summary.fresh.longest_ms < FRESH_WITHIN_S * 1000


@pytest.mark.faults
def test_two_hundred_nodes_that_come_back_at_once_lose_nothing(server: LoadedServer, tmp_path: Path, tell: Tell) -> None:
    before = Held.of(server)
    summary = return_of(server, tmp_path, nodes=MANY_NODES, offline_days=MANY_DAYS, rate=MANY_RATE, seconds=30)
    tell("\n".join((f"{MANY_NODES} nodes at once:", *summary.in_words())))
    check(server, summary, before)
    assert (summary.progress_when_half_were_done or 0.0) >= LEAST_PROGRESS
