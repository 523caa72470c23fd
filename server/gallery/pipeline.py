"""The face pipeline of this process. It is loaded at the first sample and used by one request at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from shared_schema.face.manifest import Embedder, ModelSet
from shared_schema.face.pipeline import FacePipeline

_one_at_a_time = Lock()


@cache
def _model_set() -> ModelSet:
    return ModelSet.load()


@cache
def _pipeline() -> FacePipeline:
    return FacePipeline(_model_set())


def embedder() -> Embedder:
    """Which embedder this server uses, and what its similarities mean."""
    return _model_set().embedder


@contextmanager
def face_pipeline() -> Iterator[FacePipeline]:
    """The pipeline, for this caller alone. One per process keeps the memory small; samples are rare."""
    with _one_at_a_time:
        yield _pipeline()
