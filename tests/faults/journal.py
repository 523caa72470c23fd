"""What a disk holds after a power cut: a journal of changes, played onto a card that knows what is durable.

Strict: of a file only what was fsynced, of a folder only the names it had when it was fsynced. Torn: besides, any part of
what was not fsynced, sector by sector or page by page, and any of the changed names.
"""

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from tests.faults.shim import Kind

_HEAD = struct.Struct("<IIIIIIQq")
_MAGIC = 0x504F5745


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a journal. `more` is what was written or said, or the other name of a rename."""

    kind: Kind
    pid: int
    path: str
    more: bytes
    file: int
    offset: int


def read_journal(path: Path, *, behind_bytes: int = 0) -> list[Change]:
    """All changes in their order, behind so many bytes of the file."""
    with path.open("rb") as file:
        file.seek(behind_bytes)
        data = memoryview(file.read())
    changes, at = [], 0
    while at < len(data):
        magic, kind, pid, path_bytes, more_bytes, _, file, offset = _HEAD.unpack_from(data, at)
        assert magic == _MAGIC
        at += _HEAD.size
        name = bytes(data[at : at + path_bytes]).decode()
        at += path_bytes
        changes.append(Change(Kind(kind), pid, name, bytes(data[at : at + more_bytes]), file, offset))
        at += more_bytes
    return changes


Piece = tuple[int, bytes | None]
"""Bytes at an offset, or None: the file's size from now on."""


@dataclass(eq=False, slots=True)
class File:
    """`durable` content and the pieces written since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Piece] = field(default_factory=list)

    def flush(self) -> None:
        _apply(self.durable, self.pending)
        self.pending.clear()

    def torn(self, chance: random.Random, piece_bytes: int) -> bytes:
        content = bytearray(self.durable)
        share = chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        _apply(content, [piece for whole in self.pending for piece in _pieces(whole, piece_bytes) if chance.random() < share])
        return bytes(content)


Move = tuple[str | None, str | None, Union["File", "Folder", None]]
"""A name that goes, a name that comes, and what it names."""


@dataclass(eq=False, slots=True)
class Folder:
    """Its names now, those that are durable, and the changes between."""

    names: dict[str, "File | Folder"] = field(default_factory=dict)
    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[Move] = field(default_factory=list)

    def move(self, gone: str | None, come: str | None = None, what: "File | Folder | None" = None) -> None:
        _rename(self.names, (gone, come, what))
        self.pending.append((gone, come, what))

    def flush(self) -> None:
        self.durable = dict(self.names)
        self.pending.clear()

    def torn(self, chance: random.Random) -> dict[str, "File | Folder"]:
        names = dict(self.durable)
        share = chance.choice((0.0, 0.3, 0.7, 1.0))
        for move in self.pending:
            if chance.random() < share:
                _rename(names, move)
        return names


class Card:
    """A folder as the operating system sees it, and as the disk below has it."""

    def __init__(self, root: Path, *, named: Path) -> None:
        """`root` as it is now is durable. In the journal it is called `named`."""
        self._root = named
        self._files: dict[int, File] = {}
        self._top = self._load(root)

    def play(self, change: Change) -> None:
        """Take one change."""
        match change.kind:
            case Kind.WRITE:
                self._file(change).pending.append((change.offset, change.more))
            case Kind.TRUNCATE:
                self._file(change).pending.append((change.offset, None))
            case Kind.FSYNC:
                self._file(change).flush()
            case Kind.FSYNC_FOLDER:
                self._folder(Path(change.path)).flush()
            case Kind.SYNC:
                self._flush_all(self._top)
            case Kind.SAY | Kind.OPEN:
                pass
            case Kind.MAPPED:
                raise AssertionError(f"{change.path} was mapped for writing: what it holds was not seen")
            case _:
                self._name(change)

    def write_strict(self, to: Path) -> None:
        """What is certainly on the disk."""
        self._write(self._top, to, lambda folder: folder.durable, lambda file: bytes(file.durable))

    def write_torn(self, to: Path, chance: random.Random) -> None:
        """What may be on the disk."""
        piece_bytes = chance.choice((512, 4096))
        self._write(self._top, to, lambda folder: folder.torn(chance), lambda file: file.torn(chance, piece_bytes))

    def _load(self, path: Path) -> Folder:
        names: dict[str, File | Folder] = {}
        for entry in path.iterdir():
            if entry.is_dir():
                names[entry.name] = self._load(entry)
            else:
                names[entry.name] = self._files[entry.stat().st_ino] = File(bytearray(entry.read_bytes()))
        return Folder(names, dict(names))

    def _file(self, change: Change) -> File:
        return self._files[change.file]

    def _folder(self, path: Path) -> Folder:
        folder = self._top
        for name in path.relative_to(self._root).parts:
            step = folder.names[name]
            assert isinstance(step, Folder)
            folder = step
        return folder

    def _name(self, change: Change) -> None:
        path = Path(change.path)
        folder = self._folder(path.parent)
        match change.kind:
            case Kind.CREATE:
                self._files[change.file] = file = File()
                folder.move(None, path.name, file)
            case Kind.MKDIR:
                folder.move(None, path.name, Folder())
            case Kind.UNLINK | Kind.RMDIR:
                folder.move(path.name)
            case _:
                self._rename(folder, path.name, Path(change.more.decode()), stays=change.kind is Kind.LINK)

    def _rename(self, folder: Folder, name: str, to: Path, *, stays: bool) -> None:
        what, other = folder.names[name], self._folder(to.parent)
        if other is folder:
            folder.move(None if stays else name, to.name, what)
            return
        other.move(None, to.name, what)
        if not stays:
            folder.move(name)

    def _flush_all(self, folder: Folder) -> None:
        folder.flush()
        for what in folder.names.values():
            if isinstance(what, Folder):
                self._flush_all(what)
            else:
                what.flush()

    def _write(
        self, folder: Folder, to: Path, names: Callable[[Folder], dict[str, File | Folder]], content: Callable[[File], bytes]
    ) -> None:
        to.mkdir(mode=0o700, exist_ok=True)
        for name, what in names(folder).items():
            if isinstance(what, Folder):
                self._write(what, to / name, names, content)
            else:
                (to / name).write_bytes(content(what))
                (to / name).chmod(0o600)


def _rename(names: dict[str, File | Folder], move: Move) -> None:
    gone, come, what = move
    if gone is not None:
        names.pop(gone, None)
    if come is not None and what is not None:
        names[come] = what


def _apply(content: bytearray, pieces: list[Piece]) -> None:
    for offset, data in pieces:
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        if data is None:
            del content[offset:]
        else:
            content[offset : offset + len(data)] = data


def _pieces(whole: Piece, piece_bytes: int) -> Iterator[Piece]:
    """A write as the disk takes it: in pieces that end where sectors or pages do."""
    offset, data = whole
    if data is None:
        yield whole
        return
    at = 0
    while at < len(data):
        length = min(len(data) - at, piece_bytes - (offset + at) % piece_bytes)
        yield offset + at, data[at : at + length]
        at += length
