"""Derive everything anew: attendance, visits and open days. Sealed days stay as they are; where they differ, discrepancies tell."""

import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from json import dumps

from django.core.management.base import BaseCommand, CommandError

from server.attendance.rebuild import changes_since, newest_change, rebuild_left, rebuild_mark, rebuild_work
from server.sites.models import Site

WIDTH = 40


class Command(BaseCommand):
    help = f"{__doc__} Safe to repeat and to interrupt: --resume goes on, and so do the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", metavar="NAME", help="only this site (default: every site)")
        parser.add_argument("--from", dest="first", type=_day, metavar="DATE", help="first local day (default: the first there is)")
        parser.add_argument("--to", dest="last", type=_day, metavar="DATE", help="last local day (default: the last there is)")
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one for every core)")
        parser.add_argument("--resume", action="store_true", help="finish what an interrupted rebuild left")
        parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON and no progress")

    def handle(
        self,
        *args: object,
        site: str | None,
        first: date | None,
        last: date | None,
        workers: int,
        resume: bool,
        json: bool,
        **options: object,
    ) -> None:
        if workers < 1:
            raise CommandError("--workers is at least 1.")
        begun, newest = time.monotonic(), newest_change()
        marked = rebuild_left() if resume else rebuild_mark(sites=_sites(site), first=first, last=last)
        bar = _Bar(marked, shown=not json)
        rebuild_work(processes=min(workers, marked or 1), tell=bar.show)
        bar.end()
        outcome = {"parts": marked, "changes": changes_since(newest), "seconds": round(time.monotonic() - begun, 1)}
        if left := rebuild_left():
            raise CommandError(f"{left} of {marked} parts could not be derived yet; the marks in the administration say why.")
        self.stdout.write(dumps(outcome) if json else "rebuilt {parts} parts in {seconds} s, {changes} records changed".format(**outcome))


class _Bar:
    """A bar on standard error, where somebody looks at it."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self._total, self._begun = total, time.monotonic()
        self._shown = shown and total > 0 and sys.stderr.isatty()

    def show(self, left: int) -> None:
        if self._shown:
            done = max(0, self._total - left)
            bar = "#" * (WIDTH * done // self._total)
            sys.stderr.write(f"\r[{bar:<{WIDTH}}] {done} of {self._total} parts, {time.monotonic() - self._begun:.0f} s")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\n")


def _sites(name: str | None) -> list[Site]:
    found = list(Site.objects.filter(name=name) if name else Site.objects.all())
    if name and not found:
        raise CommandError(f"There is no site called {name}; there are {', '.join(Site.objects.values_list('name', flat=True)) or 'none'}.")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no date; write it as 2026-01-31") from error
