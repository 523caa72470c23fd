"""`lintel-face evaluate pairs`."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.baseline import baseline_models
from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.pairs import PairsTask, evaluate_pairs

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    pairs = command(kinds.add_parser("pairs", help="are two images one person? LFW's protocol"), _pairs)
    pairs.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    pairs.add_argument("--pairs", type=Path, required=True, metavar="FILE", help="pairs.txt in LFW's format")
    pairs.add_argument("--labels", type=Path, metavar="FILE", help="name<TAB>group: error rates per group")
    pairs.add_argument("--all-pairs", action="store_true", help="also against all couples of different people")
    pairs.add_argument("--baseline", action="store_true", help="also with a detector's four landmarks, for comparison")
    pairs.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    pairs.add_argument("--plot", type=Path, metavar="FILE.png", help="draw ROC and DET")


def _pairs(given: argparse.Namespace) -> Report:
    task = PairsTask(given.images, given.pairs, given.errata, given.labels, given.all_pairs, given.models)
    result = evaluate_pairs(task)
    if given.baseline:
        with baseline_models(given.models) as folder:
            result.report["baseline"] = evaluate_pairs(replace(task, models=folder)).report
    if given.plot:
        from shared_schema.evaluate.plots import plot  # noqa: PLC0415 (matplotlib is an extra)

        plot(given.plot, "pairs", result.genuine, result.impostors)
    return result.report
