"""`lintel-face evaluate gallery`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared_schema.evaluate.commands import Report, command
from shared_schema.evaluate.gallery_images import FolderGallery, try_folder
from shared_schema.evaluate.gallery_report import as_report, report_of
from shared_schema.evaluate.lfw import Errata
from shared_schema.face.types import FaceError
from shared_schema.node import NodeSettings

if TYPE_CHECKING:
    from shared_schema.evaluate.commands import Kinds

_ASKED = (10, 1_000_000)


def register(kinds: "Kinds") -> None:
    gallery = command(kinds.add_parser("gallery", help="does it work on your own people? every image is tried against everybody"), _gallery)
    gallery.add_argument("--images", type=Path, required=True, metavar="DIR", help="one folder of images per person")
    gallery.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    gallery.add_argument("--plot", type=Path, metavar="FILE.png", help="draw ROC and DET")
    default = NodeSettings().strangers_named_one_in
    gallery.add_argument(
        "--strangers-named-one-in", type=int, default=default, metavar="N", help=f"at most one stranger in N may be named ({default})"
    )


def _gallery(given: argparse.Namespace) -> Report:
    one_in = given.strangers_named_one_in
    if not _ASKED[0] <= one_in <= _ASKED[1]:
        raise FaceError("bad_setting", f"--strangers-named-one-in is {_ASKED[0]} to {_ASKED[1]:,}")
    errata = Errata.read(given.errata) if given.errata else Errata()
    found = try_folder(given.images, errata, given.models)
    if given.plot:
        _plot(given.plot, found)
    report = as_report(report_of(found.tried, one_in))
    report["unusable_images"] = list(found.unusable)
    report["set_aside"] = [f"{image}: {reason.value}" for image, reason in found.set_aside.items()]
    return report


def _plot(path: Path, found: FolderGallery) -> None:
    own, strangers = found.tried.own, found.tried.strangers
    if len(own) == 0 or len(strangers) == 0:
        raise FaceError("too_few_people", "a plot needs two people, one of them with two images")
    from shared_schema.evaluate.plots import plot  # noqa: PLC0415 (matplotlib is an extra)

    plot(path, "gallery", own, strangers)
