"""Arithmetic of intervals from–until. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union, in order: intervals that touch or overlap become one, empty ones vanish."""
    union: list[Span] = []
    for begins, ends in sorted(spans):
        if begins >= ends:
            continue
        if union and begins <= union[-1][1]:
            if ends > union[-1][1]:
                union[-1] = (union[-1][0], ends)
        else:
            union.append((begins, ends))
    return union


def length_outside(within: Span, spans: Iterable[Span]) -> timedelta:
    """How long `within` is without the union of `spans`; never negative."""
    begins, ends = within
    if ends <= begins:
        return timedelta(0)
    left = ends - begins
    for first, last in merged((max(first, begins), min(last, ends)) for first, last in spans):
        left -= last - first
    return left


def whole_seconds(duration: timedelta) -> int:
    """Seconds, their fraction cut off."""
    return int(duration.total_seconds())
