"""`lintel-face`: what models there are, how well they recognise, and how fast. Exit code 2 and one line for bad input."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from shared_schema.evaluate.bench import bench
from shared_schema.evaluate.calibrate import calibrate
from shared_schema.evaluate.identify import IdentifyTask, evaluate_identify
from shared_schema.evaluate.lfw import Errata
from shared_schema.evaluate.models import describe
from shared_schema.evaluate.pairs import PairsTask, evaluate_pairs
from shared_schema.evaluate.text import as_text
from shared_schema.face.types import FaceError

Report = dict[str, object]


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], Report | str] = given.command
    try:
        report = command(given)
    except FaceError as error:
        print(f"lintel-face: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    text = report if isinstance(report, str) else json.dumps(report) if given.json else as_text(report)
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader has seen enough
        sys.stdout = None
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lintel-face", description="The face pipeline: its models, how well it recognises, how fast it is.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    models = _command(commands.add_parser("models", help="list the model set with hashes, licences and calibration"), _models)
    models.add_argument("--verify", action="store_true", help="check that every file is the one its manifest names")
    _add_evaluate(
        commands.add_parser("evaluate", help="measure recognition on labelled images").add_subparsers(required=True, metavar="WHAT")
    )
    speed = _command(commands.add_parser("bench", help="median and p95 milliseconds per stage and thread count"), _bench)
    speed.add_argument("--image", type=Path, metavar="FILE", help="a picture with a face; default: a portrait in a 640×360 frame")
    table = _command(commands.add_parser("calibrate", help="measure what similarities mean; prints a block for the manifest"), _calibrate)
    table.add_argument("--images", type=Path, required=True, metavar="DIR", help="one folder of images per person, thousands of people")
    table.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
    table.add_argument("--name", default="the given images", help="what the images are, for the record")
    return top


def _add_evaluate(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    pairs = _command(kinds.add_parser("pairs", help="are two images one person? LFW's protocol"), _pairs)
    pairs.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    pairs.add_argument("--pairs", type=Path, required=True, metavar="FILE", help="pairs.txt in LFW's format")
    pairs.add_argument("--labels", type=Path, metavar="FILE", help="name<TAB>group: error rates per group")
    pairs.add_argument("--all-pairs", action="store_true", help="also against all couples of different people")
    identify = _command(kinds.add_parser("identify", help="who is it, among enrolled people and strangers?"), _identify)
    identify.add_argument("--images", type=Path, required=True, metavar="DIR", help="DIR/Name/Name_0001.jpg")
    identify.add_argument("--gallery", type=int, required=True, metavar="N", help="people enrolled")
    identify.add_argument("--samples", type=int, required=True, metavar="K", help="images enrolled of each")
    identify.add_argument("--probes", type=int, required=True, metavar="M", help="images fused into a probe")
    draws = identify.add_mutually_exclusive_group()
    draws.add_argument("--seed", type=int, default=0, metavar="S", help="the draw (default 0)")
    draws.add_argument("--seeds", type=int, metavar="COUNT", help="mean and standard error over the draws 0 to COUNT − 1")
    for kind in (pairs, identify):
        kind.add_argument("--errata", type=Path, metavar="FILE", help="known label errors")
        kind.add_argument("--plot", type=Path, metavar="FILE.png", help="draw ROC and DET")


def _command(parser_: argparse.ArgumentParser, command: Callable[[argparse.Namespace], Report | str]) -> argparse.ArgumentParser:
    parser_.set_defaults(command=command)
    parser_.add_argument("--json", action="store_true", help="print JSON")
    parser_.add_argument("--models", type=Path, metavar="DIR", help="another model set")
    return parser_


def _models(given: argparse.Namespace) -> Report:
    return describe(given.models, verify=given.verify)


def _bench(given: argparse.Namespace) -> Report:
    return bench(given.image, given.models)


def _calibrate(given: argparse.Namespace) -> str:
    errata = Errata.read(given.errata) if given.errata else Errata()
    return calibrate(given.images, errata, given.models).block(given.name)


def _pairs(given: argparse.Namespace) -> Report:
    task = PairsTask(given.images, given.pairs, given.errata, given.labels, given.all_pairs, given.models)
    result = evaluate_pairs(task)
    if given.plot:
        from shared_schema.evaluate.plots import plot  # noqa: PLC0415 (matplotlib is an extra)

        plot(given.plot, "pairs", result.genuine, result.impostors)
    return result.report


def _identify(given: argparse.Namespace) -> Report:
    if given.seeds is not None and given.seeds < 1:
        raise FaceError("bad_setting", "--seeds is at least 1")
    seeds = tuple(range(given.seeds)) if given.seeds is not None else (given.seed,)
    task = IdentifyTask(given.images, given.gallery, given.samples, given.probes, seeds, given.errata, given.models)
    report, draws = evaluate_identify(task)
    if given.plot:
        from shared_schema.evaluate.plots import plot  # noqa: PLC0415 (matplotlib is an extra)

        first = draws[0]
        plot(given.plot, "identify", first.similarities[first.right], first.strangers)
    return report


if __name__ == "__main__":
    sys.exit(main())
