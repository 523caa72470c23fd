"""How a simulation went, in numbers for programs and in words for people."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from edge_client.simulate.crowd import ShareReport
from edge_client.simulate.ledger import Counts, Latencies
from edge_client.simulate.node import NodeReport

LOST, UNFINISHED = 1, 5
"""What the program ends with when something was lost, refused or answered wrongly; and when something still waits."""
_SHARES: Final = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """Over the nodes that had a backlog."""

    lowest: float
    median: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        if not values:
            return None
        return cls(round(min(values), 2), round(statistics.median(values), 2), round(max(values), 2))


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests of one kind."""

    count: int
    statuses: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Summary:
    """`progress_when_half_were_done`: the smallest share of its backlog a node had delivered when half of the nodes had delivered all."""

    nodes: int
    elapsed_s: float
    counts: Counts
    lost: int
    waiting: int
    crops_lost: int
    crops_waiting: int
    crops_parked: int
    backlog: int
    backlog_s: Spread | None
    records_per_s_and_node: Spread | None
    records_per_s: float
    progress_when_half_were_done: float | None
    fresh: Asked
    first_fresh_s: Spread | None
    calls: dict[str, Asked]
    processor_s: float
    peak_mb: float
    failures: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        counts = self.counts
        bad = self.lost, self.crops_lost, counts.parked, self.crops_parked, counts.phantoms, counts.conflicts, len(self.failures)
        if any(bad):
            return LOST
        return UNFINISHED if self.waiting or self.crops_waiting else 0

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "exit_code": self.exit_code}

    def in_words(self) -> Iterator[str]:
        counts = self.counts
        yield f"{self.nodes} nodes, {self.elapsed_s:.1f} s, {self.processor_s:.1f} s of processor time, {self.peak_mb:.0f} MB at most"
        yield (
            f"records: {counts.recorded} recorded, {counts.archived} archived, {self.lost} lost, {counts.parked} refused, "
            f"{self.waiting} waiting, {counts.sent_again} sent again, {counts.phantoms} phantoms"
        )
        yield (
            f"crops:   {counts.crops_stored} stored, {self.crops_lost} lost, {self.crops_parked} refused, {self.crops_waiting} waiting, "
            f"{counts.crops_sent_again} sent again"
        )
        if self.backlog_s and self.records_per_s_and_node:
            rate, took = self.records_per_s_and_node, self.backlog_s
            yield f"backlog: {self.backlog} records, delivered in {took.lowest} to {took.highest} s, {self.records_per_s} records/s in all"
            yield f"         {rate.lowest} to {rate.highest} records/s per node, median {rate.median}"
            least = self.progress_when_half_were_done or 0.0
            yield f"         when half of the nodes had delivered all, every other had delivered {least:.0%} or more"
        if self.first_fresh_s:
            yield f"fresh:   the first fresh sighting of a node arrived after {self.first_fresh_s.lowest} to {self.first_fresh_s.highest} s"
        for name, asked in {"fresh": self.fresh, **self.calls}.items():
            statuses = ", ".join(f"{status}: {count}" for status, count in asked.statuses.items())
            yield (
                f"{name + ':':<11}{asked.count}  p50 {asked.p50_ms} ms, p95 {asked.p95_ms} ms, p99 {asked.p99_ms} ms, "
                f"longest {asked.longest_ms} ms{f'  ({statuses})' if statuses else ''}"
            )
        yield from (f"a node failed: {failure}" for failure in self.failures)


def summarise(shares: Sequence[ShareReport]) -> Summary:
    """Of all processes."""
    began = min(share.began_s for share in shares)
    nodes = [node for share in shares for node in share.nodes]
    behind = [node for node in nodes if node.backlog]
    took = {node.number: node.milestones[-1] - began for node in behind if len(node.milestones) == _SHARES}
    done = list(took.values())
    firsts = [node.first_fresh_s - began for node in nodes if node.first_fresh_s is not None]
    backlog = sum(node.backlog for node in behind)
    return Summary(
        nodes=len(nodes),
        elapsed_s=round(max(share.ended_s for share in shares) - began, 2),
        counts=_joined(nodes),
        lost=sum(node.lost for node in nodes) + _lost_before(shares),
        waiting=sum(node.waiting for node in nodes),
        crops_lost=sum(node.crops_lost for node in nodes),
        crops_waiting=sum(node.crops_waiting for node in nodes),
        crops_parked=sum(node.crops_parked for node in nodes),
        backlog=backlog,
        backlog_s=Spread.of(done),
        records_per_s_and_node=Spread.of([node.backlog / took[node.number] for node in behind if node.number in took]),
        records_per_s=round(backlog / max(done), 1) if done and len(done) == len(behind) else 0.0,
        progress_when_half_were_done=_progress(behind, began + statistics.median(done)) if done else None,
        fresh=_asked([node.fresh for node in nodes], Counter()),
        first_fresh_s=Spread.of(firsts),
        calls={name: _calls(nodes, name) for name in sorted({name for node in nodes for name in node.statuses})},
        processor_s=round(sum(share.processor_s for share in shares), 1),
        peak_mb=round(sum(share.peak_bytes for share in shares) / 1e6, 1),
        failures=tuple(f"{node.number}: {failure}" for node in nodes for failure in node.failures),
    )


def _joined(nodes: Iterable[NodeReport]) -> Counts:
    whole = Counts()
    for node in nodes:
        whole.join(node.counts)
    return whole


def _lost_before(shares: Iterable[ShareReport]) -> int:
    """Records of the days without a server that were no longer in the outboxes when the couriers started."""
    return sum(max(0, share.filled - sum(node.backlog for node in share.nodes)) for share in shares)


def _progress(nodes: Iterable[NodeReport], moment: float) -> float:
    return min(sum(milestone <= moment for milestone in node.milestones) / _SHARES for node in nodes)


def _calls(nodes: Sequence[NodeReport], name: str) -> Asked:
    statuses: Counter[str] = Counter()
    for node in nodes:
        statuses.update(node.statuses.get(name, {}))
    return _asked([node.latencies[name] for node in nodes if name in node.latencies], statuses)


def _asked(parts: Iterable[Latencies], statuses: Counter[str]) -> Asked:
    whole = Latencies()
    for part in parts:
        whole.join(part)
    p50, p95, p99 = (round(whole.quantile_s(share) * 1000, 1) for share in (0.5, 0.95, 0.99))
    return Asked(whole.count, dict(sorted(statuses.items())), p50, p95, p99, round(whole.longest_s * 1000, 1))
