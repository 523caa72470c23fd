"""Remove what an embedder made that neither this server nor a node uses any more."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from server.core.errors import LintelError
from server.gallery.reembed import model_forget


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model_id", help="as the page Nodes names it")

    def handle(self, *args: object, model_id: str, **options: object) -> None:
        try:
            templates = model_forget(model_id)
        except LintelError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"removed {templates} templates of {model_id}, and its embeddings")
