"""Reads face collections in the layout of LFW: `Name/Name_0001.jpg`, `pairs.txt`, known label errors, and groups of people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from shared_schema.face.types import FaceError

Image = str
"""An image by its place below the images folder: `Name/Name_0001.jpg`."""

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images and whether the list says that they show one person."""

    fold: int
    same: bool
    first: Image
    second: Image


@dataclass(frozen=True, slots=True)
class Errata:
    """Label errors: names that are one person, and images to leave out."""

    one_person: dict[str, str] = field(default_factory=dict)
    skipped: frozenset[Image] = frozenset()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Lines `same<TAB>name<TAB>name` or `skip<TAB>Name/file`; `#` begins a comment."""
        one_person: dict[str, str] = {}
        skipped: set[Image] = set()
        for number, line in _lines(path):
            match line.split("\t"):
                case ["same", first, second]:
                    one_person[second] = one_person.get(first, first)
                case ["skip", image]:
                    skipped.add(_image_name(image))
                case _:
                    raise FaceError("bad_file", f"{path}, line {number}: expected same<TAB>name<TAB>name or skip<TAB>Name/file")
        return cls(one_person, frozenset(skipped))

    def person(self, image: Image) -> str:
        """Who the image shows."""
        name = image.split("/")[0]
        return self.one_person.get(name, name)

    def mend(self, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
        """The pairs with right labels, without the skipped images."""
        kept = (pair for pair in pairs if not self.skipped & {pair.first, pair.second})
        return tuple(Pair(pair.fold, self.person(pair.first) == self.person(pair.second), pair.first, pair.second) for pair in kept)


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """A `pairs.txt`: a line with the number of folds (and pairs per kind and fold), then same pairs and different pairs of each fold."""
    lines = _lines(path)
    if not lines:
        raise FaceError("bad_file", f"{path} is empty")
    folds, size = _header(path, lines[0][1], len(lines) - 1)
    if len(lines) - 1 != folds * size * 2:
        raise FaceError("bad_file", f"{path} promises {folds * size * 2} pairs and holds {len(lines) - 1}")
    return tuple(_pair(path, number, line, index // (2 * size)) for index, (number, line) in enumerate(lines[1:]))


def read_labels(path: Path) -> dict[str, str]:
    """Lines `name<TAB>group` (or comma): the group of each person."""
    labels: dict[str, str] = {}
    for number, line in _lines(path):
        parts = line.split("\t") if "\t" in line else line.split(",")
        if len(parts) != 2:
            raise FaceError("bad_file", f"{path}, line {number}: expected name<TAB>group")
        labels[parts[0].strip()] = parts[1].strip()
    return labels


def list_images(folder: Path) -> dict[str, tuple[Image, ...]]:
    """Every image below `folder`, by the name of its sub-folder, both in order."""
    check_folder(folder)
    found: dict[str, list[Image]] = defaultdict(list)
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in SUFFIXES:
            found[path.parent.name].append(f"{path.parent.name}/{path.name}")
    if not found:
        raise FaceError("no_images", f"{folder} holds no images; expected {folder.name}/Name/Name_0001.jpg")
    return {name: tuple(images) for name, images in found.items()}


def check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise FaceError("no_images", f"there is no folder {folder}; name the folder that holds one folder of images per person")


def _header(path: Path, line: str, pairs: int) -> tuple[int, int]:
    try:
        numbers = [int(part) for part in line.split()]
    except ValueError:
        numbers = []
    match numbers:
        case [folds, size] if folds > 0 and size > 0:
            return folds, size
        case [size] if size > 0 and pairs == 2 * size:
            return 1, size
        case _:
            raise FaceError("bad_file", f"{path} does not begin with the number of folds and of pairs, so it is no pairs.txt of LFW")


def _pair(path: Path, number: int, line: str, fold: int) -> Pair:
    try:
        match line.split("\t") if "\t" in line else line.split():
            case [name, first, second]:
                return Pair(fold, same=True, first=_numbered(name, first), second=_numbered(name, second))
            case [name, first, other, second]:
                return Pair(fold, same=False, first=_numbered(name, first), second=_numbered(other, second))
    except ValueError:
        pass
    raise FaceError("bad_file", f"{path}, line {number}: expected name, number, number or name, number, name, number")


def _numbered(name: str, number: str) -> Image:
    return f"{name}/{name}_{int(number):04d}.jpg"


def _image_name(text: str) -> Image:
    """`Name/Name_0001.jpg`, also when written without the suffix."""
    return text if text.lower().endswith(SUFFIXES) else f"{text}.jpg"


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FaceError("bad_file", f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FaceError("bad_file", f"{path} is not a text file") from error
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]
