"""`lintel-face models`, and `models add`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.models import add, describe

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    models = command(kinds.add_parser("models", help="list the model set with hashes, licences and calibration; install others"), _models)
    models.add_argument("--verify", action="store_true", help="check that every file is the one its manifest names")
    others = models.add_subparsers(metavar="add")
    adding = others.add_parser("add", help="make a model set of another embedder, for example FaceNet")
    adding.set_defaults(command=_add)
    adding.add_argument("model", metavar="NAME|FILE", help="a name of the registry, or a file of your own with --manifest")
    adding.add_argument("--from", dest="source", type=Path, metavar="FILE", help="the file is here already; nothing is downloaded")
    adding.add_argument("--manifest", type=Path, metavar="FILE.toml", help="what the file is and how it is fed")
    adding.add_argument("--to", type=Path, metavar="DIR", help="the folder to make (default: the model's name, here)")
    adding.add_argument("--json", action="store_true", help="print JSON")


def _models(given: argparse.Namespace) -> Report:
    return describe(given.models, verify=given.verify)


def _add(given: argparse.Namespace) -> Report:
    return add(given.model, source=given.source, manifest=given.manifest, target=given.to)
