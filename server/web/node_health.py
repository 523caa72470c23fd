"""How a node's machine is, in plain words, from the last it said about itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from server.nodes.models import Node
from server.web.words import counted, lasting, ms, size

HOT_C, WARM_C = 80, 70
SLOW_FSYNC_MS = 1_000
LITTLE_ROOM_BYTES = 500 * 10**6
LITTLE_MEMORY_BYTES = 50 * 10**6
CLOCK_IS_KNOWN_NS = 600 * 10**9
THROTTLED = {
    "under_voltage": "its power supply is too weak: use the one made for it, and a short cable",
    "under_voltage_before": "its power supply was too weak for a moment since it was switched on",
    "frequency_capped": "it runs slower, because of heat or a weak power supply",
    "frequency_capped_before": "it ran slower for a while since it was switched on",
    "throttled": "it slows itself down to cool",
    "throttled_before": "it slowed itself down to cool since it was switched on",
    "hot": "it is near its limit of temperature",
    "hot_before": "it was near its limit of temperature since it was switched on",
}
CARDS = {
    "read_only": "its card can only be read any more: replace it",
    "full": "its card is full",
    "failing": "its card is failing: replace it soon",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a node; `bad` when somebody has to do something about it."""

    text: str
    bad: bool = False


def health_facts(node: Node) -> list[Fact]:
    """What there is to tell; nothing when the node has told nothing."""
    health = node.health if isinstance(node.health, dict) else {}
    return [*_machine(health), *_card(node, health), *_lost(node)]


def _machine(health: Mapping[str, object]) -> Iterator[Fact]:
    if (degrees := _number(health, "temperature_c")) is not None:
        yield Fact(
            f"{degrees:.0f} °C" + (", too hot: give it air" if degrees >= HOT_C else ", warm" if degrees >= WARM_C else ""),
            degrees >= HOT_C,
        )
    throttled = health.get("throttled")
    for name in throttled if isinstance(throttled, list) else ():
        yield Fact(THROTTLED.get(str(name), str(name).replace("_", " ")), not str(name).endswith("_before"))
    if (free := _number(health, "memory_available_bytes")) is not None:
        yield Fact(f"{size(free)} of memory free", free < LITTLE_MEMORY_BYTES)
    if (uptime := _number(health, "uptime_s")) is not None:
        yield Fact(f"on for {lasting(ms(uptime * 1000))}")


def _card(node: Node, health: Mapping[str, object]) -> Iterator[Fact]:
    card = health.get("card")
    if isinstance(card, str) and card not in {"", "ok"}:
        yield Fact(CARDS.get(card, f"its card: {card.replace('_', ' ')}"), bad=True)
    if errors := _number(health, "disk_errors"):
        yield Fact(f"{counted(int(errors), 'disk error')} since capture started", bad=True)
    if (slow := _number(health, "fsync_p99_ms")) is not None:
        late = slow >= SLOW_FSYNC_MS
        yield Fact(f"a record is safe on its card within {slow:,.0f} ms" + (", which is slow: the card may be worn" if late else ""), late)
    if node.free_bytes is not None:
        yield Fact(f"{size(node.free_bytes)} of its card free", node.free_bytes < LITTLE_ROOM_BYTES)


def _lost(node: Node) -> Iterator[Fact]:
    if node.refused:
        yield Fact(f"{counted(node.refused, 'pass', 'passes')} could not be recorded since capture started", bad=True)
    if node.crops_given_up:
        yield Fact(f"{counted(node.crops_given_up, 'image')} given up for room since capture started", bad=True)


def clock_words(half_width_ns: int | None) -> str:
    """How well the server knows the clock of the node's present boot. The first heartbeat of a boot says little, the next one all."""
    if half_width_ns is None or half_width_ns > CLOCK_IS_KNOWN_NS:
        return "not known yet; it comes with the next heartbeats"
    width = timedelta(microseconds=half_width_ns // 1000)
    near = f"{max(1, half_width_ns // 10**6)} ms" if width < timedelta(seconds=1) else lasting(width)
    return f"known to within {near}"


def _number(health: Mapping[str, object], name: str) -> float | None:
    value = health.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
