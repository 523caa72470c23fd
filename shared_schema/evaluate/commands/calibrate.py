"""`lintel-face calibrate`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.calibrate import calibrate
from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.lfw import Errata
from shared_schema.face.manifest_text import write_calibration, written
from shared_schema.face.types import FaceError

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    table = command(kinds.add_parser("calibrate", help="measure what similarities mean; prints a block for the manifest"), _calibrate)
    table.add_argument("--images", type=Path, required=True, metavar="DIR", help="one folder of images per person, thousands of people")
    table.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    table.add_argument("--name", default="the given images", help="what the images are, for the record")
    table.add_argument("--write", action="store_true", help="put it into the manifest of --models DIR instead of printing it")


def _calibrate(given: argparse.Namespace) -> Report | str:
    if given.write and given.models is None:
        raise FaceError("bad_setting", "--write needs --models DIR, the model set to calibrate; the shipped set is calibrated")
    errata = Errata.read(given.errata) if given.errata else Errata()
    measured = calibrate(given.images, errata, given.models)
    calibration = measured.calibration(given.name)
    if not given.write:
        return written("embedder.calibration", calibration.model_dump(mode="json"))
    stands = write_calibration(given.models, calibration, measured.crowd)
    return {"written": str(given.models), **stands.model_dump(mode="json", exclude_none=True)}
