"""Changes tables of a manifest's text and leaves all else in it, comments too, as it is."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from shared_schema.face.calibration import Calibration
from shared_schema.face.crowd import Crowd, encoded
from shared_schema.face.manifest import FILE, Manifest, first_problem, read_manifest
from shared_schema.face.types import FaceError

_HEADER = re.compile(r"^\[([^\[\]]+)\]\s*(#.*)?$")


def without(text: str, table: str) -> str:
    """The text less `[table]` and `[table.…]`, with the comments right above them."""
    kept = [part for name, part in _tables(text) if name != table and not name.startswith(f"{table}.")]
    return "".join(kept).rstrip("\n") + "\n"


def written(table: str, values: Mapping[str, object]) -> str:
    """A table as TOML: a line for each value that is not None."""
    lines = [f"{key} = {_inline(value)}" for key, value in values.items() if value is not None]
    return "\n".join([f"[{table}]", *lines]) + "\n"


def write_calibration(folder: Path, calibration: Calibration, crowd: Crowd | None = None) -> Calibration:
    """Put the calibration into the manifest of `folder` and its crowd beside it, and return what stands there now. A PAD bar stays.

    The crowd is written under a name of its own content before the manifest names it, so a set is never half changed.

    FaceError when the manifest cannot be read or written.
    """
    there = read_manifest(folder).embedder.calibration
    if there is not None and calibration.pad is None:
        calibration = calibration.model_copy(update={"pad": there.pad})
    path = folder / FILE
    if crowd is not None:
        calibration = _with_crowd(folder, calibration, crowd)
    table = written("embedder.calibration", calibration.model_dump(mode="json"))
    replace_manifest(path, without(path.read_text(encoding="utf-8"), "embedder.calibration") + "\n" + table)
    return calibration


def _with_crowd(folder: Path, calibration: Calibration, crowd: Crowd) -> Calibration:
    content = encoded(crowd.means)
    digest = hashlib.sha256(content).hexdigest()
    name = f"crowd-{digest[:8]}.npy"
    _put(folder / name, content)
    rule = calibration.crowd and calibration.crowd.model_copy(update={"file": name, "sha256": digest})
    return calibration.model_copy(update={"crowd": rule})


def replace_manifest(path: Path, text: str) -> None:
    """Check the text and put it in the place of the file, which is never half written."""
    try:
        Manifest.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise FaceError("bad_manifest", f"{path}: {first_problem(error)}") from error
    _put(path, text.encode())


def _put(path: Path, content: bytes) -> None:
    """Write a file that is never half there. FaceError cannot_write."""
    try:
        with _beside(path) as fresh:
            fresh.write_bytes(content)
            fresh.chmod(0o644)
            fresh.replace(path)
    except OSError as error:
        raise FaceError("cannot_write", f"cannot write {path}: {error.strerror}; check its rights and the room on the disk") from error


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file in the folder of `path`; it is gone afterwards unless it was moved."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(number)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _tables(text: str) -> list[tuple[str, str]]:
    """Name and text of every table in order, the part before the first under the empty name. Comments right above a header are its own."""
    tables: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines(keepends=True):
        if found := _HEADER.match(line):
            above = _comments_at_the_end(tables[-1][1])
            tables.append((found[1].strip(), above))
        tables[-1][1].append(line)
    return [(name, "".join(lines)) for name, lines in tables]


def _comments_at_the_end(lines: list[str]) -> list[str]:
    """Taken off `lines`."""
    start = len(lines)
    while start and lines[start - 1].startswith("#"):
        start -= 1
    taken = lines[start:]
    del lines[start:]
    return taken


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items() if inner is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
