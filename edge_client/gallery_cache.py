"""What the server told the node last: so that a node works the same after a restart without a network.

The courier stores, capture loads. Settings lie in `<state>/cache/`. So does the gallery, sealed, where the board has a
key that capture alone can ask for (`gallery_at_rest`); anywhere else it lies in memory only, and after a reboot the
node names nobody until its next contact with the server. What cannot be read counts as absent: the courier then
fetches it anew.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal, NewType, Self

from pydantic import ValidationError

from edge_client.board import ReadBoardKey
from edge_client.errors import EdgeError
from edge_client.files import make_private_folder, write_private
from edge_client.gallery_at_rest import PublicHalf, RestKey, seal_to
from edge_client.identity import Identity
from edge_client.memory_folder import MemoryFolder
from shared_schema.base import WireModel
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings

Stamp = NewType("Stamp", tuple[int, int, int])
"""Changes whenever a cached file is replaced."""

ABSENT = Stamp((0, 0, 0))
"""The stamp of a file that is not there."""


class _CachedGallery(WireModel):
    etag: str
    value: GallerySnapshot


class _CachedSettings(WireModel):
    etag: str
    value: NodeSettings


class GalleryCache:
    """The settings, and a gallery for each model this node may run. Each process has its own; the courier's remembers what it stored."""

    def __init__(self, state: Path, *, run: Path | None = None, key: RestKey | None = None) -> None:
        """`key` opens what is sealed: capture has it, where there is one at all. `run` is the node's run folder."""
        self._folder = state / "cache"
        self._settings = self._folder / "settings.json"
        self._memory = MemoryFolder(state, run or state / "run")
        self._public_half = PublicHalf(self._folder)
        self._key = key
        self._held: dict[str, _CachedGallery] = {}
        self._sealed_to: dict[str, bytes | None] = {}

    @classmethod
    def of_capture(cls, state: Path, *, run: Path, identity: Identity, read_board_key: ReadBoardKey) -> Self:
        """Capture's: with the key made of the server's secret and the board's key, whose public half the courier finds from now on."""
        board_key = read_board_key() if identity.gallery_secret else None
        key = None
        if identity.gallery_secret and board_key:
            key = RestKey.derive(gallery_secret=identity.gallery_secret, board_key=board_key)
        cache = cls(state, run=run, key=key)
        with suppress(OSError):  # a card that takes nothing any more is no reason to see nothing
            if cache._public_half.publish(key):
                cache._remove(cache._folder.glob("gallery-*.sealed"))
            cache.remove_plain()
        return cache

    @property
    def at_rest(self) -> Literal["sealed", "memory"]:
        """Where the gallery lies: sealed on the card, or in memory only."""
        return "memory" if self._public_half.read() is None else "sealed"

    def gallery_stamp(self, model_id: str) -> Stamp:
        """Cheap to ask between two frames: load again only when it differs."""
        sealed = _stamp(self._sealed(model_id)) if self._key else ABSENT
        in_memory = self._in_memory(model_id)
        return sealed if sealed != ABSENT or in_memory is None else _stamp(in_memory)

    def settings_stamp(self) -> Stamp:
        return _stamp(self._settings)

    def gallery(self, model_id: str) -> GallerySnapshot | None:
        cached = self._unsealed(model_id) or self._from_memory(model_id)
        return cached.value if cached else None

    def settings(self) -> NodeSettings | None:
        cached = self._cached_settings()
        return cached.value if cached else None

    def held_gallery(self, model_id: str) -> GallerySnapshot | None:
        """What the courier stored last and still has in its own memory, or in the node's: what a delta is applied to."""
        cached = self._recalled(model_id)
        return cached.value if cached else None

    def gallery_etag(self, model_id: str) -> str | None:
        """The tag of `held_gallery`."""
        cached = self._recalled(model_id)
        return cached.etag if cached else None

    def settings_etag(self) -> str | None:
        cached = self._cached_settings()
        return cached.etag if cached else None

    def has_gallery(self, model_id: str) -> bool:
        """Whether there is a file of it, which perhaps capture alone can open."""
        in_memory = self._in_memory(model_id)
        return self._sealed(model_id).exists() or (in_memory is not None and in_memory.exists())

    def has_galleries(self) -> bool:
        """Whether there is one for any model."""
        return any(self._galleries())

    def store_gallery(self, value: GallerySnapshot, etag: str) -> None:
        """Raises OSError, or EdgeError when there is no place for it."""
        self._held[value.model_id] = _CachedGallery(etag=etag, value=value)
        self._place(value.model_id)

    def store_settings(self, value: NodeSettings, etag: str) -> None:
        make_private_folder(self._folder)
        write_private(self._settings, _CachedSettings(etag=etag, value=value).model_dump_json().encode())

    def settle(self) -> None:
        """Put what the courier holds where it belongs now: capture may have published another key meanwhile, or none."""
        for model_id in self._held:
            if self._sealed_to.get(model_id, b"") != self._public_half.read() or not self.has_gallery(model_id):
                self._place(model_id)

    def forget_galleries_but(self, model_ids: Iterable[str]) -> None:
        """Templates of models that this node no longer runs do not stay."""
        names = {_name(model_id) for model_id in model_ids}
        self._remove(path for path in self._galleries() if path.stem not in names)
        self._held = {model_id: held for model_id, held in self._held.items() if _name(model_id) in names}

    def remove_plain(self) -> None:
        """Galleries that earlier releases left on the card for everybody who has it."""
        self._remove(self._folder.glob("gallery*.json"))

    def _place(self, model_id: str) -> None:
        plain = self._held[model_id].model_dump_json().encode()
        public_half = self._public_half.read()
        if public_half is None:
            write_private(self._memory.make() / f"{_name(model_id)}.json", plain)
            self._sealed(model_id).unlink(missing_ok=True)
        else:
            make_private_folder(self._folder)
            write_private(self._sealed(model_id), seal_to(public_half, plain))
            in_memory = self._in_memory(model_id)
            if in_memory is not None:
                in_memory.unlink(missing_ok=True)
        self._sealed_to[model_id] = public_half

    def _recalled(self, model_id: str) -> _CachedGallery | None:
        if model_id in self._held:
            return self._held[model_id]
        cached = self._from_memory(model_id) if self._public_half.read() is None else None
        if cached:
            self._held[model_id], self._sealed_to[model_id] = cached, None
        return cached

    def _unsealed(self, model_id: str) -> _CachedGallery | None:
        if self._key is None:
            return None
        try:
            plain = self._key.open(self._sealed(model_id).read_bytes())
        except FileNotFoundError:
            return None
        return None if plain is None else _parsed(plain, model_id)

    def _from_memory(self, model_id: str) -> _CachedGallery | None:
        path = self._in_memory(model_id)
        try:
            return _parsed(path.read_bytes(), model_id) if path else None
        except FileNotFoundError:
            return None

    def _sealed(self, model_id: str) -> Path:
        return self._folder / f"{_name(model_id)}.sealed"

    def _in_memory(self, model_id: str) -> Path | None:
        with suppress(EdgeError):
            return self._memory.path() / f"{_name(model_id)}.json"
        return None

    def _galleries(self) -> Iterator[Path]:
        yield from self._folder.glob("gallery-*.sealed")
        with suppress(EdgeError):
            yield from self._memory.path().glob("gallery-*.json")

    @staticmethod
    def _remove(paths: Iterable[Path]) -> None:
        for path in list(paths):
            path.unlink(missing_ok=True)

    def _cached_settings(self) -> _CachedSettings | None:
        try:
            return _CachedSettings.model_validate_json(self._settings.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


def _name(model_id: str) -> str:
    return f"gallery-{sha256(model_id.encode()).hexdigest()[:16]}"


def _parsed(plain: bytes, model_id: str) -> _CachedGallery | None:
    try:
        cached = _CachedGallery.model_validate_json(plain)
    except ValidationError:
        return None
    return cached if cached.value.model_id == model_id else None


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ABSENT
    return Stamp((stat.st_mtime_ns, stat.st_ino, stat.st_size))
