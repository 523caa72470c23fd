"""Look at past sightings again, against the gallery of now, and say how many answers are different."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from server.sightings.second_look_runs import sightings_renew

NAMES = {
    "same": "agree",
    "named": "unknown_to_match",
    "unnamed": "match_to_unknown",
    "renamed": "match_to_other",
    "other_model": "not_comparable",
    "probe_erased": "probe_erased",
    "probe_unreadable": "probe_unreadable",
}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=_day, metavar="DATE", help="captured since this day, in UTC (default: as far as the background job)"
        )
        parser.add_argument("--json", action="store_true", help="print the counts as one line of JSON")

    def handle(self, *args: object, since: datetime | None, json: bool, **options: object) -> None:
        now = timezone.now()
        begin = since or now - timedelta(days=settings.LINTEL_CONFIG.second_look_days)
        counted = sightings_renew(since=begin, now=now, progress=self._tell)
        counts = {name: counted[key] for key, name in NAMES.items()}
        self.stdout.write(_line(counts) if json else "\n".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))

    def _tell(self, done: int, total: int) -> None:
        self.stderr.write(f"{done} of {total} sightings looked at")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no date; write it as 2026-01-31") from error


def _line(counts: Mapping[str, int]) -> str:
    return json.dumps(counts)
