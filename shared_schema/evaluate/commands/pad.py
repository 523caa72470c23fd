"""`lintel-face evaluate pad`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.pad import PadTask, evaluate_pad
from shared_schema.evaluate.pad_challenges import evaluate_challenges
from shared_schema.face.types import FaceError

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    pad = command(kinds.add_parser("pad", help="are held pictures told from living faces?"), _pad)
    pad.add_argument(
        "--clip", type=Path, required=True, action="append", metavar="FILE", help="a recording of living people; may be repeated"
    )
    pad.add_argument("--portraits", type=Path, required=True, metavar="DIR", help="pictures that are held before a camera, in computation")
    pad.add_argument("--draws", type=int, default=2, metavar="N", help="motions per picture and way of holding it (default 2)")
    pad.add_argument("--seed", type=int, default=0, metavar="S", help="the first motion (default 0)")
    pad.add_argument("--challenges", action="store_true", help="also ask the held pictures to blink and turn; takes minutes")


def _pad(given: argparse.Namespace) -> Report:
    if given.draws < 1 or given.seed < 0:
        raise FaceError("bad_setting", "--draws is at least 1 and --seed no less than 0")
    report = evaluate_pad(PadTask(tuple(given.clip), given.portraits, given.draws, given.seed, given.models))
    if given.challenges:
        report["challenges"] = evaluate_challenges(given.portraits, seed=given.seed, models=given.models)
    return report
