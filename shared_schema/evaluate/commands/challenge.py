"""`lintel-face challenge`."""

import argparse
import sys
from typing import TYPE_CHECKING

from shared_schema.evaluate.challenge import ASKS, parse_asks, run_challenges
from shared_schema.evaluate.commands import Report, command

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    challenge = command(kinds.add_parser("challenge", help="ask a living face to blink or turn, before a camera or in a recording"), _run)
    challenge.add_argument("--camera", required=True, metavar="FILE|NUMBER", help="a video file, or the number of a camera: 0 is the first")
    challenge.add_argument(
        "--ask", required=True, metavar="LIST", help=f"in this order, with commas: {', '.join(ASKS)} (the person's own side)"
    )


def _run(given: argparse.Namespace) -> Report:
    return run_challenges(given.camera, parse_asks(given.ask), given.models, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
