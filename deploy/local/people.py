"""Whom to enrol: the built-in people or a folder of pictures, and enrolling them exactly once.

A folder holds `Name.jpg` or `Name.png`, or `Name/` with several pictures of one person. The name is what the file says, with underscores as
spaces. Everything else in the folder is mentioned and left alone.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from deploy.local.api import Api, ApiError
from deploy.local.data_folder import read_json, write_whole
from deploy.local.errors import USAGE, DemoError
from deploy.local.portraits import ENROLLED, Portrait

PICTURES = frozenset({".jpg", ".jpeg", ".png"})
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of one person. `label` is how to mention it."""

    label: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Enrollee:
    """A person to enrol and the pictures to do it with."""

    name: str
    pictures: tuple[Picture, ...]


def built_in_people() -> tuple[Enrollee, ...]:
    """The public-domain portraits that ship inside Python packages."""
    return tuple(
        Enrollee(portrait.name, (Picture(f"{portrait.name} ({portrait.source})", partial(_png, portrait)),)) for portrait in ENROLLED
    )


def _png(portrait: Portrait) -> bytes:
    return cv2.imencode(".png", portrait.image_bgr())[1].tobytes()


def person_name(stem: str) -> str:
    """`Ada_Lovelace` → `Ada Lovelace`. Letters and hyphens stay as they were written."""
    return " ".join(stem.replace("_", " ").split())


def people_in(folder: Path, say: Say) -> tuple[Enrollee, ...]:
    """Everybody in a folder of pictures, by name. What is not a picture is said and passed over."""
    if not folder.is_dir():
        raise DemoError(f"there is no folder {folder}: PEOPLE= wants a folder with Name.jpg or Name/*.jpg", USAGE)
    found: dict[str, list[Picture]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        for picture in _pictures_at(path, say):
            found.setdefault(person_name(path.name if path.is_dir() else path.stem), []).append(
                Picture(str(picture.relative_to(folder)), picture.read_bytes)
            )
    if not found:
        raise DemoError(f"{folder} holds no pictures: PEOPLE= wants a folder with Name.jpg or Name/*.jpg", USAGE)
    return tuple(Enrollee(name, tuple(pictures)) for name, pictures in sorted(found.items()))


def _pictures_at(path: Path, say: Say) -> Iterable[Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.name.startswith("."):
            continue
        if candidate.is_file() and candidate.suffix.lower() in PICTURES:
            yield candidate
        else:
            say(f"  {candidate.relative_to(path.parent)}: not a .jpg or .png picture, passed over")


class Enrolment:
    """Enrols people through the API and remembers by hash which pictures the server has taken."""

    def __init__(self, api: Api, remembered: Path, say: Say) -> None:
        self._api = api
        self._remembered = remembered
        self._say = say
        self._taken = {str(key): str(value) for key, value in read_json(remembered).items()}

    def enrol(self, people: Iterable[Enrollee]) -> int:
        """Enrol whoever is not enrolled yet. Returns how many have at least one usable picture; nobody is an error."""
        known = {str(item["name"]): str(item["id"]) for item in self._api.every("people")}
        usable = sum(1 for person in people if self._enrol_one(person, known))
        if usable == 0:
            raise DemoError("nobody could be enrolled: every picture was refused, see above", USAGE)
        return usable

    def _enrol_one(self, person: Enrollee, known: dict[str, str]) -> bool:
        """Whether the person has a usable picture. Somebody made here who has none is unmade."""
        was_known = person.name in known
        usable = 0
        for picture in person.pictures:
            try:
                self._take(person.name, picture, known)
                usable += 1
            except (ApiError, OSError) as error:
                self._say(f"  {picture.label}: {error}")
        if usable:
            self._say(f"  {person.name}: {usable} picture{'s' if usable > 1 else ''}")
        elif not was_known and person.name in known:
            self._api.delete(f"people/{known.pop(person.name)}")
        return usable > 0

    def _take(self, name: str, picture: Picture, known: dict[str, str]) -> None:
        """Give the server the picture unless it has it. Raises ApiError with the server's reason when it is refused."""
        image = picture.read()
        digest = hashlib.sha256(f"{name}\n".encode() + image).hexdigest()
        if name in known and self._taken.get(digest) == known[name]:
            return
        if name not in known:
            known[name] = str(self._api.post("people", {"name": name, "consent": True})["id"])
        self._api.post_image(f"people/{known[name]}/samples", picture.label.rsplit("/", 1)[-1], image)
        self._taken[digest] = known[name]
        write_whole(self._remembered, json.dumps(self._taken))
