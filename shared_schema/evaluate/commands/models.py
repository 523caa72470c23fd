"""`lintel-face models`."""

import argparse
from typing import TYPE_CHECKING

from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.models import describe

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    models = command(kinds.add_parser("models", help="list the model set with hashes, licences and calibration"), _models)
    models.add_argument("--verify", action="store_true", help="check that every file is the one its manifest names")


def _models(given: argparse.Namespace) -> Report:
    return describe(given.models, verify=given.verify)
