"""Write attendance into the object storage now, in the foreground: what changed since the last export, or the days from–to."""

import json as json_text
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from server.core import objects
from server.core.errors import Unavailable
from server.reports.exports import run_ask, run_do
from server.reports.models import Export, ExportRun
from server.reports.serializers import ExportSerializer


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=_day, help="the first day, for example 2026-01-31")
        parser.add_argument("--to", dest="last", type=_day, help="the last day, included")
        parser.add_argument("--json", action="store_true", help="print the files as one line of JSON")

    def handle(self, *args: object, first: date | None, last: date | None, json: bool, **options: object) -> None:
        run = run_ask(by=None, now=timezone.now(), days=_days(first, last))
        try:
            if not run_do(run, objects=objects.current(), now=timezone.now()):
                raise CommandError("A worker is exporting at this moment; look again when it is done.")
        except Unavailable as error:
            raise CommandError(f"{error} What was written is kept; run it again.") from error
        made = list(Export.objects.filter(run=run).order_by("id"))
        self.stdout.write(json_text.dumps({"files": ExportSerializer(made, many=True).data}) if json else _words(run, made))


def _days(first: date | None, last: date | None) -> tuple[date, date] | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise CommandError("Give both --from and --to, or neither.")
    if last < first:
        raise CommandError("--to lies before --from; exchange them.")
    return first, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no day; write it like 2026-01-31") from error


def _words(run: ExportRun, made: list[Export]) -> str:
    lines = [f"{row.object_key}  {row.rows} rows" for row in made]
    return "\n".join([*lines, f"{run.files or len(made)} files written" if made else "nothing has changed since the last export"])
