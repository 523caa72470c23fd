"""Embedders that are not shipped but can be installed: what each is, how it is fed, and the hash that pins its content.

An entry is a TOML file; an operator's own manifest has the same form. Nothing in it is code, and nothing is guessed from a model's shapes.
"""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared_schema.face.manifest import EmbedderRule, first_problem
from shared_schema.face.source import Line, Pinned
from shared_schema.face.types import FaceError

_FOLDER = Path(__file__).parent


class Entry(BaseModel):
    """One embedder that can be installed. `name` becomes the beginning of its model id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,46}[a-z0-9]$")]
    title: Line
    embedder: EmbedderRule
    source: Pinned


def entries() -> tuple[Entry, ...]:
    """Everything that can be installed by name."""
    return tuple(read_entry(path) for path in sorted(_FOLDER.glob("*.toml")))


def entry_of(name: str) -> Entry:
    """The entry of this name. FaceError unknown_model."""
    known = {entry.name: entry for entry in entries()}
    if name not in known:
        raise FaceError(
            "unknown_model",
            f"{name} is not in the registry, which has {', '.join(known)}; for a file of your own give --manifest FILE.toml",
        )
    return known[name]


def read_entry(path: Path) -> Entry:
    """An entry or an operator's own manifest. FaceError bad_manifest, which names the place."""
    try:
        return Entry.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FaceError("bad_manifest", f"cannot read {path}: {error.strerror}; name the manifest of the model") from error
    except ValidationError as error:
        raise FaceError("bad_manifest", f"{path}: {first_problem(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FaceError("bad_manifest", f"{path} is not TOML: {error}") from error
