"""What FaceNet costs: its network, Inception-ResNet-v1, with random weights, beside the shipped embedder, per thread count.

Weights decide what a network recognises, not how long it takes. Both are fed as their manifests say; one face, one look each.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared_schema.face.embed import FaceEmbedder
from shared_schema.face.install import install
from shared_schema.face.manifest import EmbedderFile, ModelSet
from shared_schema.face.registry import read_entry
from shared_schema.face.types import Bgr
from tests.shared_schema.face.foreign import manifest_text, write_manifest
from tests.shared_schema.face.inception import INPUT_PX, inception_resnet_v1

_ROUNDS = 30


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    counts = [count for count in (1, 2, 4) if count <= cores]
    print(f"milliseconds for one face, median of {_ROUNDS}; of processor time on one thread, then elapsed on {counts} threads")
    with tempfile.TemporaryDirectory() as folder:
        for dimension in (128, 512):
            _print(f"Inception-ResNet-v1, {dimension}-D, 160 px", _set_of(dimension, Path(folder)), counts)
    shipped = ModelSet.load()
    single = ModelSet(shipped.folder, shipped.manifest.model_copy(update={"embedder": _unmirrored(shipped)}), shipped.contents)
    _print("the shipped embedder, one look", single, counts)
    _print("the shipped embedder with its mirror image", shipped, counts)


def _set_of(dimension: int, folder: Path) -> ModelSet:
    content = inception_resnet_v1(dimension)
    text = manifest_text(content, name=f"facenet-{dimension}", input_px=INPUT_PX, dimension=dimension)
    return ModelSet.load(install(read_entry(write_manifest(folder, text)), content, folder / str(dimension)).folder)


def _unmirrored(shipped: ModelSet) -> EmbedderFile:
    return shipped.manifest.embedder.model_copy(update={"mirrored": False})


def _print(name: str, models: ModelSet, counts: list[int]) -> None:
    file = models.manifest.embedder
    content = models.contents[file.file]
    chip = np.random.default_rng(0).integers(0, 256, (file.input_px, file.input_px, 3), np.uint8)
    processor = _median_ms(FaceEmbedder(file, content), chip, time.thread_time)
    elapsed = "".join(f"{_median_ms(FaceEmbedder(file, content, threads=count), chip, time.perf_counter):>9.1f}" for count in counts)
    print(f"  {name:<44}{len(content) / 1e6:7.1f} MB{processor:>9.1f}{elapsed}")


def _median_ms(embedder: FaceEmbedder, chip: Bgr, clock: Callable[[], float]) -> float:
    for _ in range(3):
        embedder.embed([chip])
    spent = []
    for _ in range(_ROUNDS):
        started = clock()
        embedder.embed([chip])
        spent.append((clock() - started) * 1000)
    return statistics.median(spent)
