"""`lintel-face`: what models there are, how well they recognise, and how fast. Exit code 2 and one line for bad input."""

import argparse
import json
import sys
from collections.abc import Sequence

from shared_schema.evaluate.commands import Command, calibrate, challenge, clusters, doorwalk, gallery, identify, models, pad, pairs, speed
from shared_schema.evaluate.text import as_text
from shared_schema.face.types import FaceError

COMMANDS = (models, speed, calibrate, challenge)
KINDS = (pairs, identify, clusters, doorwalk, gallery, pad)
"""What can be evaluated."""


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    command: Command = given.command
    try:
        report = command(given)
    except FaceError as error:
        print(f"lintel-face: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    text = report if isinstance(report, str) else json.dumps(report) if given.json else as_text(report)
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader has seen enough
        sys.stdout = None
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lintel-face", description="The face pipeline: its models, how well it recognises, how fast it is.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.register(commands)
    kinds = commands.add_parser("evaluate", help="measure recognition on labelled images").add_subparsers(required=True, metavar="WHAT")
    for module in KINDS:
        module.register(kinds)
    return top


if __name__ == "__main__":
    sys.exit(main())
