"""`lintel-face bench`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.bench import bench
from shared_schema.evaluate.commands import Report, command

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    speed = command(kinds.add_parser("bench", help="median and p95 milliseconds per stage and thread count"), _bench)
    speed.add_argument("--image", type=Path, metavar="FILE", help="a picture with a face; default: a portrait in a 640×360 frame")


def _bench(given: argparse.Namespace) -> Report:
    return bench(given.image, given.models)
