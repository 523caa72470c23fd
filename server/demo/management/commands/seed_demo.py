"""Lay a made-up history of a school and office, for looking around, demonstrations and measurements."""

import logging
import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from json import dumps

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from server.core.errors import Conflict, LintelError
from server.demo.history import Plan, history_lay

MOST_PEOPLE, MOST_DAYS = 2000, 366


class Command(BaseCommand):
    help = f"{__doc__} Everybody in it is synthetic and says so. Refuses to put them among real people without --force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=_up_to(MOST_PEOPLE), default=200, metavar="N", help="default: %(default)s")
        parser.add_argument("--days", type=_up_to(MOST_DAYS), default=60, metavar="N", help="days until today (default: %(default)s)")
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="the same number gives the same history (default: %(default)s)"
        )
        parser.add_argument("--workers", type=_up_to(64), default=os.cpu_count() or 1, metavar="N", help="processes that derive")
        parser.add_argument("--force", action="store_true", help="also where there are real people")
        parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON")

    def handle(self, *args: object, people: int, days: int, seed: int, workers: int, force: bool, json: bool, **options: object) -> None:
        begun = time.monotonic()
        plan = Plan(people, days, seed, timezone.now().replace(microsecond=0), workers)

        def tell(text: str) -> None:
            self.stderr.write(f"[{time.monotonic() - begun:5.0f} s] {text} …")

        logging.disable(logging.INFO)  # hundreds of batches would hide the progress
        try:
            summary = history_lay(plan, tell, among_real=force)
        except Conflict as error:
            if error.code != "already_laid":
                raise CommandError(str(error)) from error
            self.stdout.write(dumps({"laid": False, "reason": error.code}) if json else str(error))
            return
        except LintelError as error:
            raise CommandError(str(error)) from error
        finally:
            logging.disable(logging.NOTSET)
        summary = {"laid": True, **summary, "seconds": round(time.monotonic() - begun, 1)}
        self.stdout.write(dumps(summary) if json else "; ".join(f"{name}: {value}" for name, value in summary.items()))


def _up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise ArgumentTypeError(f"{text} is not a number from 1 to {most}")
        return int(text)

    return number
