"""`lintel-face calibrate`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.calibrate import calibrate
from shared_schema.evaluate.commands import command
from shared_schema.evaluate.lfw import Errata

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    table = command(kinds.add_parser("calibrate", help="measure what similarities mean; prints a block for the manifest"), _calibrate)
    table.add_argument("--images", type=Path, required=True, metavar="DIR", help="one folder of images per person, thousands of people")
    table.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    table.add_argument("--name", default="the given images", help="what the images are, for the record")


def _calibrate(given: argparse.Namespace) -> str:
    errata = Errata.read(given.errata) if given.errata else Errata()
    return calibrate(given.images, errata, given.models).block(given.name)
