"""Who is nearest among 100,000 people? Beside the bare matrix product that every exact search needs."""

import time
from collections.abc import Callable
from uuid import UUID

import numpy as np

from shared_schema.face.match import Gallery
from shared_schema.face.vectors import unit
from shared_schema.ids import ModelId, PersonId

PEOPLE = 100_000
DIMENSION = 128
ROUNDS = 100


def main() -> None:
    templates = unit(np.random.default_rng(0).normal(size=(PEOPLE, DIMENSION)))
    people = {PersonId(UUID(int=row + 1)): templates[row : row + 1] for row in range(PEOPLE)}
    gallery = Gallery.build(model_id=ModelId("made-up"), revision=1, people=people)
    found = [gallery.search(templates[row])[0] for row in range(ROUNDS)]
    right = sum(one is not None and one.person == UUID(int=row + 1) for row, one in enumerate(found))
    search = [_ms(lambda row=row: gallery.search(templates[row])) for row in range(ROUNDS)]  # type: ignore[misc]
    product = [_ms(lambda row=row: templates @ templates[row]) for row in range(ROUNDS)]  # type: ignore[misc]
    times = f"median {np.median(search):.2f} ms, p95 {np.quantile(search, 0.95):.2f} ms"
    print(f"search among {PEOPLE:,} templates: {times}; {right} of {ROUNDS} right")
    print(f"the matrix product alone: median {np.median(product):.2f} ms; ratio {np.median(search) / np.median(product):.2f}×")


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3
