"""Make an account that may do everything; its random password is printed once."""

import json
from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from server.accounts.services import admin_create
from server.core.errors import LintelError


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--json", action="store_true", help="print {username, password} as one line of JSON")

    def handle(self, *args: object, username: str, json: bool, **options: object) -> None:
        try:
            made = admin_create(username=username)
        except ValidationError as error:
            raise CommandError(f"{username!r} cannot be a name: {' '.join(error.messages)}") from error
        except LintelError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_line(made.username, made.password) if json else f"{made.username} may sign in with the password {made.password}")


def _line(username: str, password: str) -> str:
    return json.dumps({"username": username, "password": password})
