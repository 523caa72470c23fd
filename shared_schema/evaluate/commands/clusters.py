"""`lintel-face evaluate clusters`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.clusters import ClustersTask, evaluate_clusters
from shared_schema.evaluate.commands import Report, command

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds


def register(kinds: "Kinds") -> None:
    clusters = command(kinds.add_parser("clusters", help="are unknown passes grouped by person?"), _clusters)
    clusters.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    clusters.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    clusters.add_argument("--seed", type=int, default=0, metavar="S", help="the first draw (default 0)")
    clusters.add_argument("--draws", type=int, default=5, metavar="COUNT", help="draws of half of the people (default 5)")
    clusters.add_argument("--min-images", type=int, default=2, metavar="N", help="images a stranger has at least (default 2)")


def _clusters(given: argparse.Namespace) -> Report:
    seeds = tuple(range(given.seed, given.seed + given.draws))
    return evaluate_clusters(ClustersTask(given.images, given.min_images, seeds, given.errata, given.models))
