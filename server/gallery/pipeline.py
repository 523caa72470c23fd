"""The face pipeline of this process. It is loaded at the first sample and used by one request at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock

from django.conf import settings

from shared_schema.face.manifest import Embedder, ModelSet
from shared_schema.face.pipeline import FacePipeline

_one_at_a_time = Lock()


@lru_cache(maxsize=1)
def _model_set(folder: Path | None) -> ModelSet:
    return ModelSet.load(folder)


@lru_cache(maxsize=1)
def _pipeline(folder: Path | None) -> FacePipeline:
    return FacePipeline(_model_set(folder), threads=1)


def embedder() -> Embedder:
    """Which embedder this server uses, and what its similarities mean. FaceError when the configured model set cannot be used."""
    return _model_set(settings.LINTEL_MODELS).embedder


@contextmanager
def face_pipeline() -> Iterator[FacePipeline]:
    """The pipeline, for this caller alone. One per process keeps the memory small; samples are rare."""
    with _one_at_a_time:
        yield _pipeline(settings.LINTEL_MODELS)
