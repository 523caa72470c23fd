"""`lintel-demo`: the whole of Lintel on one machine with one command."""

import argparse
import signal
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from deploy.local.configuration import Camera
from deploy.local.demo import Options, run, say
from deploy.local.errors import USAGE, DemoError
from deploy.local.people import PICTURES


def choose_camera(text: str | None, *, once: bool) -> Camera | None:
    """`0` is the first webcam, a path is a clip or a folder of pictures; None is the built-in clip."""
    if text is None:
        return None
    path = Path(text)
    if text.isdecimal() or _is_device(path):
        if once:
            raise DemoError("a webcam has no end: --once wants a clip, e.g. make demo ARGS=--once CAMERA=clip.mp4", USAGE)
        return Camera("opencv", text)
    if not path.exists():
        raise DemoError(f"there is no clip or folder {path}: CAMERA= wants a number (a webcam), a clip or a folder of pictures", USAGE)
    if not _shows_something(path):
        raise DemoError(f"{path} cannot be read as a {'folder of pictures' if path.is_dir() else 'clip'}", USAGE)
    return Camera("replay", str(path.resolve()), "fast" if once else "own")


def _is_device(path: Path) -> bool:
    return path.exists() and stat.S_ISCHR(path.stat().st_mode)


def _shows_something(path: Path) -> bool:
    if path.is_dir():
        return any(picture.suffix.lower() in PICTURES for picture in path.iterdir())
    clip = cv2.VideoCapture(str(path))
    try:
        return clip.read()[0]
    finally:
        clip.release()


def port_number(text: str) -> int:
    """A port from 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: choose a number from 1 to 65535")
    return int(text)


def read_options(arguments: Sequence[str]) -> Options:
    """The command line, checked as far as can be without starting anything."""
    parser = argparse.ArgumentParser(prog="lintel-demo", description=__doc__)
    parser.add_argument("--camera", metavar="N|PATH", help="a webcam's number, a clip or a folder of pictures (default: a built-in clip)")
    parser.add_argument(
        "--people", type=Path, metavar="FOLDER", help="whom to enrol: Name.jpg, Name.png or Name/*.jpg (default: built-in people)"
    )
    parser.add_argument("--port", type=port_number, default=8000, help="where the pages are (default: %(default)s, on this machine only)")
    parser.add_argument(
        "--data", type=Path, default=Path(".demo"), metavar="FOLDER", help="what is kept for the next start (default: %(default)s)"
    )
    parser.add_argument(
        "--once", action="store_true", help="end when the clip has been processed; the last line of standard output is JSON"
    )
    parser.add_argument("--history", action="store_true", help="with a made-up past of 200 people and 60 days, to look around in (minutes)")
    given = parser.parse_args(arguments)
    if given.people is not None and not given.people.is_dir():
        raise DemoError(f"there is no folder {given.people}: PEOPLE= wants a folder with Name.jpg or Name/*.jpg", USAGE)
    camera = choose_camera(given.camera, once=given.once)
    return Options(data=given.data, port=given.port, camera=camera, people=given.people, once=given.once, history=given.history)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point. A closed terminal and SIGTERM stop the demo as Ctrl-C does."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, _interrupt)
    try:
        code = run(read_options(sys.argv[1:]))
    except DemoError as error:
        say(f"lintel-demo: {error}")
        code = error.exit_code
    except OSError as error:
        say(f"lintel-demo: {error}")
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
