"""`lintel-face evaluate identify`."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.baseline import baseline_models
from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.identify import IdentifyTask, evaluate_identify
from shared_schema.face.types import FaceError

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    identify = command(kinds.add_parser("identify", help="who is it, among enrolled people and strangers?"), _identify)
    identify.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    identify.add_argument("--gallery", type=int, required=True, metavar="N", help="people enrolled")
    identify.add_argument("--samples", type=int, required=True, metavar="K", help="images enrolled of each")
    identify.add_argument("--probes", type=int, required=True, metavar="M", help="images fused into a probe")
    draws = identify.add_mutually_exclusive_group()
    draws.add_argument("--seed", type=int, default=0, metavar="S", help="the draw (default 0)")
    draws.add_argument("--seeds", type=int, metavar="COUNT", help="mean and standard error over the draws 0 to COUNT − 1")
    identify.add_argument("--baseline", action="store_true", help="also with a detector's four landmarks and plain cosine, for comparison")
    identify.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    identify.add_argument("--plot", type=Path, metavar="FILE.png", help="draw ROC and DET")


def _identify(given: argparse.Namespace) -> Report:
    if given.seeds is not None and given.seeds < 1:
        raise FaceError("bad_setting", "--seeds is at least 1")
    seeds = tuple(range(given.seeds)) if given.seeds is not None else (given.seed,)
    task = IdentifyTask(given.images, given.gallery, given.samples, given.probes, seeds, given.errata, given.models)
    report, draws = evaluate_identify(task)
    if given.baseline:
        with baseline_models(given.models) as folder:
            report["baseline"], _ = evaluate_identify(replace(task, models=folder))
    if given.plot:
        from shared_schema.evaluate.plots import plot  # noqa: PLC0415 (matplotlib is an extra)

        first = draws[0]
        plot(given.plot, "identify", first.similarities[first.right], first.strangers)
    return report
