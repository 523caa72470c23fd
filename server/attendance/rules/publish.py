"""Publishing: what is derived becomes what is told, but never in a sealed period. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Published(Generic[K, R]):
    """What is told from now on, and where a sealed record differs from what is derived: (published, derived), None where there is none."""

    records: dict[K, R]
    discrepancies: dict[K, tuple[R | None, R | None]]


def publish(derived: Mapping[K, R], published: Mapping[K, R], sealed: Container[K]) -> Published[K, R]:
    """Lay what is derived over what is published.

    A key that is not sealed takes the derived record, or vanishes. A sealed key keeps its published record, or stays without one; the
    discrepancies are exactly the sealed keys for which the two differ.
    """
    records: dict[K, R] = {}
    discrepancies: dict[K, tuple[R | None, R | None]] = {}
    for key in [*derived, *(key for key in published if key not in derived)]:
        told, found = published.get(key), derived.get(key)
        kept = told if key in sealed else found
        if kept is not None:
            records[key] = kept
        if kept != found:
            discrepancies[key] = (told, found)
    return Published(records, discrepancies)
