"""Embed every stored sample with the embedder in use, in the foreground. Workers that do the same are no hindrance."""

import json
import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from server.core.errors import Unavailable
from server.gallery.pipeline import embedder
from server.gallery.reembed import person_reembed, refusals_forget
from server.gallery.reembed_progress import ModelProgress, model_progress
from server.gallery.reembed_rows import awaiting, current_model
from server.gallery.serializers import ModelProgressSerializer

_TELL_EVERY_S = 2.0
_LOOK_AGAIN_S = 0.2


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON and no progress")
        parser.add_argument("--retry", action="store_true", help="try again what was refused")

    def handle(self, *args: object, json: bool, retry: bool, **options: object) -> None:
        if retry:
            refusals_forget(embedder().model_id)
        told = time.monotonic()
        while self._step():
            if not json and time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                self.stdout.write(_line(model_progress(now=timezone.now())))
        found = model_progress(now=timezone.now())
        self.stdout.write(_json(found) if json else _outcome(found))

    def _step(self) -> bool:
        """Work on one person. False: nobody is left. Whom other workers have in hand is waited for."""
        try:
            if person_reembed(now=timezone.now()):
                return True
        except Unavailable as error:
            raise CommandError(f"{error} What was done is kept.") from error
        if awaiting(embedder().model_id).exists():
            time.sleep(_LOOK_AGAIN_S)
            return True
        return current_model(now=timezone.now()).completed_at is None


def _line(found: ModelProgress) -> str:
    return f"{found.model_id}: {found.embedded} of {found.samples} samples, {found.refused} refused ({found.percent} %)"


def _outcome(found: ModelProgress) -> str:
    refusals = [f"\n  {one.sample.person.name}: {one.reason} ({one.code})" for one in found.refusals]
    return f"{_line(found)}; {found.people} people have a template; {found.state}{''.join(refusals)}"


def _json(found: ModelProgress) -> str:
    return json.dumps(ModelProgressSerializer(found).data)
