"""Manifests and entries of embedders that are not shipped, for tests."""

import hashlib
from pathlib import Path

from shared_schema.face.calibration import Calibration, Point
from shared_schema.face.registry import Entry, read_entry
from shared_schema.face.source import git_blob
from tests.shared_schema.face.inception import small_embedder

MANIFEST = """name = "{name}"
title = "An embedder of a test"

[embedder]
input_px = {input_px}
colour = "RGB"
normalisation = {{ kind = "per_image" }}
dimension = {dimension}
metric = "cosine"
mirrored = false
template = [[{a}, {b}], [{c}, {b}], [{m}, {n}], [{m}, {o}]]

[source]
{source}
licence = "CC0-1.0"
"""


def manifest_text(content: bytes, *, name: str = "own", input_px: int = 48, dimension: int = 32, source: str = "") -> str:
    """What an operator writes about a file of their own."""
    source = source or f'kind = "file"\norigin = "made for a test"\nsha256 = "{hashlib.sha256(content).hexdigest()}"'
    places = {key: round(share * input_px, 1) for key, share in zip("abcmno", (0.34, 0.41, 0.66, 0.5, 0.58, 0.74), strict=True)}
    return MANIFEST.format(name=name, input_px=input_px, dimension=dimension, source=source, **places)


def repository_source(content: bytes) -> str:
    commit, blob = "0" * 39 + "1", git_blob(content)
    return f'kind = "repository"\nrepository = "somebody/something"\ncommit = "{commit}"\npath = "a/model.tflite"\nblob = "{blob}"'


def write_manifest(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def calibration_of(measured_on: str, *, lowest: float = 0.2) -> Calibration:
    """A calibration with bars low enough for random weights."""
    points = tuple(Point(one_in=10**power, similarity=lowest + 0.1 * power) for power in range(1, 6))
    return Calibration(measured_on=measured_on, strangers=points, min_margin=0.05, min_own_similarity=0.3, duplicate_similarity=0.75)


def small_entry(folder: Path, content: bytes | None = None, *, source: str = "") -> Entry:
    """The entry of the small embedder."""
    return read_entry(write_manifest(folder, manifest_text(content or small_embedder(), source=source)))
