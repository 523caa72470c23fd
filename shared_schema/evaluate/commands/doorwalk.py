"""`lintel-face evaluate doorwalk`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.doorwalk import DoorwalkTask, evaluate_doorwalk

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    walk = command(kinds.add_parser("doorwalk", help="people walk up to a camera: who is named, how soon, and is a stranger?"), _doorwalk)
    walk.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    walk.add_argument("--gallery", type=int, required=True, metavar="N", help="people enrolled; each walks up with 3 or more other images")
    walk.add_argument("--samples", type=int, required=True, metavar="K", help="images enrolled of each")
    walk.add_argument("--strangers", type=int, required=True, metavar="M", help="people who walk up and are not enrolled")
    walk.add_argument("--seed", type=int, default=0, metavar="S", help="the draw (default 0)")
    walk.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    walk.add_argument("--labels", type=Path, metavar="FILE", help="name<TAB>group: what became of the walks of each group")
    walk.add_argument("--trace", type=Path, metavar="FILE", help="write a line of JSON per walk: what the door saw and decided")


def _doorwalk(given: argparse.Namespace) -> Report:
    task = DoorwalkTask(
        given.images, given.gallery, given.samples, given.strangers, given.seed, given.errata, given.labels, given.models, given.trace
    )
    return evaluate_doorwalk(task)
