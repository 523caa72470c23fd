"""How much of what the processor can do the networks get out of it: their arithmetic beside a matrix product's."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import tflite

from shared_schema.face.manifest import ModelFile, ModelSet
from shared_schema.face.runtime import Network

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_PRODUCT = """
import time, numpy as np
a = np.random.default_rng(0).random((1024, 1024), np.float32)
spent = []
for _ in range(20):
    started = time.perf_counter()
    a @ a
    spent.append(time.perf_counter() - started)
print(2 * 1024**3 / np.min(spent))
"""


def main(model_set: ModelSet) -> None:
    """One thread each. The best of the rounds, because this is about what the processor can do."""
    peak = _matrix_product()
    print(f"{'matrix product, float32, 1024×1024':44}{peak / 1e9:8.1f} GFLOP/s, one thread")
    manifest = model_set.manifest
    networks = (("embedder, a chip and its mirror image", manifest.embedder, 2), ("near", manifest.near, 1), ("far", manifest.far, 1))
    for name, file, batch in networks:
        content = model_set.contents[file.file]
        operations = 2 * batch * multiply_adds(content)
        seconds = _best(file, content, batch)
        print(
            f"{name:44}{operations / seconds / 1e9:8.1f} GFLOP/s, {operations / seconds / peak:4.0%} of it: "
            f"{operations / 1e9:.3f} GFLOP in {seconds * 1e3:.2f} ms"
        )


def multiply_adds(content: bytes) -> int:
    """Of the convolutions and matrix products of a TFLite model, for one image."""
    model = tflite.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    total = 0
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        counts = _COUNTS.get(kind)
        if counts is not None:
            weights = graph.Tensors(operator.Inputs(1)).ShapeAsNumpy()
            made = graph.Tensors(operator.Outputs(0)).ShapeAsNumpy()
            total += counts([int(size) for size in weights], int(np.prod(made[1:])))
    return total


_COUNTS: dict[int, Callable[[list[int], int], int]] = {
    # Weights (out, rows, columns, in): each value made is a sum over rows × columns × in.
    tflite.BuiltinOperator.CONV_2D: lambda weights, made: made * weights[1] * weights[2] * weights[3],
    tflite.BuiltinOperator.DEPTHWISE_CONV_2D: lambda weights, made: made * weights[1] * weights[2],
    tflite.BuiltinOperator.FULLY_CONNECTED: lambda weights, made: made * weights[1],
}


def _matrix_product() -> float:
    """Operations per second, in a process of its own: how many threads numpy uses is settled when it is loaded."""
    done = subprocess.run([sys.executable, "-c", _PRODUCT], env={**os.environ, **_ONE_THREAD}, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _best(file: ModelFile, content: bytes, batch: int) -> float:
    network = Network(content, name=file.file, threads=1, batch=batch)
    values = np.random.default_rng(0).normal(0, 0.3, network.input_shape).astype(np.float32)
    spent = []
    for _ in range(30):
        started = time.perf_counter()
        network(values)
        spent.append(time.perf_counter() - started)
    return min(spent)
