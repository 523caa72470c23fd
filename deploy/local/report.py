"""What happened, told from the API: sightings as they arrive, and the counts at the end.

The counts cover the sightings this start of the demo recorded (the node prints each one's id once it is safe on disk), not those of earlier
starts; the attendance covers the days of these sightings and the people matched in them.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from deploy.local.api import Api, Day, SeenPass
from deploy.local.errors import DemoError

POLL_SECONDS = 0.3
OUTCOMES = {"match": "matched", "unsure": "not sure", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of this start's sightings."""

    sightings: tuple[SeenPass, ...]
    days: tuple[Day, ...]

    def as_json(self) -> str:
        """One line, the last one on standard output."""
        outcomes = Counter(seen.outcome for seen in self.sightings)
        matched = Counter(str(seen.person) for seen in self.sightings if seen.outcome == "match")
        attendance = [
            {"person": day.person, "date": day.date, "first_seen": day.first_seen, "last_seen": day.last_seen} for day in self.days
        ]
        counts = {
            "sightings": len(self.sightings),
            "matched": dict(sorted(matched.items())),
            "unknown": outcomes["unknown"],
            "unsure": outcomes["unsure"],
            "attendance": attendance,
        }
        return json.dumps(counts, ensure_ascii=False)

    def in_words(self) -> list[str]:
        """The same for people."""
        matched = Counter(str(seen.person) for seen in self.sightings if seen.outcome == "match")
        outcomes = Counter(seen.outcome for seen in self.sightings)
        count = len(self.sightings)
        lines = ["One sighting reached the server:" if count == 1 else f"{count} sightings reached the server:"]
        lines += [f"  {name}: recognised {_times(count)}" for name, count in sorted(matched.items())]
        lines += [f"  {OUTCOMES[outcome]}: {_times(outcomes[outcome])}" for outcome in ("unsure", "unknown") if outcomes[outcome]]
        lines += [
            f"  attendance on {day.date}: {day.person}, first seen {_clock(day.first_seen)}, last seen {_clock(day.last_seen)}"
            for day in self.days
        ]
        return lines


def line_for(seen: SeenPass) -> str:
    """One sighting in one line."""
    who = seen.person if seen.outcome == "match" else OUTCOMES.get(seen.outcome, seen.outcome)
    similarity = "" if seen.similarity is None else f"  (similarity {seen.similarity:.3f})"
    return f"  {_clock(seen.captured_at.isoformat())}  {who}{similarity}"


class Reporter:
    """Follows the sightings with these ids from the node to the attendance."""

    def __init__(
        self, api: Api, *, started_at: datetime, tell: Callable[[SeenPass], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._api = api
        self._tell = tell
        self._since = (started_at - timedelta(days=7)).astimezone(UTC).isoformat()
        self._sleep = sleep
        self._told: set[str] = set()

    def look(self, ids: Sequence[str]) -> None:
        """Tell those of the sightings that reached the server since the last call, in the order they were captured."""
        for seen in self._arrived(set(ids) - self._told):
            self._told.add(seen.id)
            self._tell(seen)

    def summary(self, ids: Sequence[str], *, within_seconds: float = 60) -> Summary:
        """Wait until every sighting and its attendance are on the server. Too late is an error that says what is missing."""
        for _ in range(max(1, int(within_seconds / POLL_SECONDS))):
            self.look(ids)
            # asked again each time: the server may still be refining when it was
            sightings = self._arrived(set(ids))
            days = self._days(sightings)
            if len(sightings) == len(set(ids)) and _consistent(sightings, days):
                return Summary(sightings, days)
            self._sleep(POLL_SECONDS)
        missing = len(set(ids) - self._told)
        what = f"{missing} of {len(set(ids))} sightings did not reach the server" if missing else "the attendance was not derived"
        raise DemoError(f"{what} within {within_seconds:.0f} s: look into worker.log and node.log")

    def _arrived(self, ids: Collection[str]) -> tuple[SeenPass, ...]:
        """Those of the sightings the server has, in the order they were captured."""
        found: list[SeenPass] = []
        if ids:
            of_these = (seen for seen in self._api.sightings(since=self._since) if seen.id in ids)
            found.extend(islice(of_these, len(ids)))
        return tuple(sorted(found, key=lambda seen: seen.captured_at))

    def _days(self, sightings: Sequence[SeenPass]) -> tuple[Day, ...]:
        matched = [seen for seen in sightings if seen.outcome == "match"]
        if not matched:
            return ()
        # a local day may begin before or after the same day in UTC
        first, last = (when.astimezone(UTC).date() for when in (matched[0].captured_at, matched[-1].captured_at))
        query = {"from": str(first - timedelta(days=1)), "to": str(last + timedelta(days=1))}
        names = {seen.person for seen in matched}
        return tuple(
            day
            for day in self._api.attendance(**query)
            if day.person in names and any(day.covers(seen.captured_at) for seen in matched if seen.person == day.person)
        )


def _consistent(sightings: Iterable[SeenPass], days: Sequence[Day]) -> bool:
    return all(
        any(day.person == seen.person and day.covers(seen.captured_at) for day in days) for seen in sightings if seen.outcome == "match"
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")
