"""Lays dlib's residual face network out as a TFLite graph."""

from collections.abc import Iterator

import tflite

from shared_schema.face.models.dlib_weights import Convolution, Network
from shared_schema.face.models.flat import Graph, Tensor

INPUT_PX = 150
_STAGES = ((32, 0, 3), (64, 1, 3), (128, 1, 2), (256, 1, 2), (256, 1, 0))
"""Channels, halving blocks, plain blocks."""


def compile_embedder(network: Network) -> bytes:
    """The network as a `.tflite` file: (1, 150, 150, 3) normalised RGB in, (1, 128) out, not scaled to unit length."""
    graph = Graph("128-D face embedder")
    layers = iter(network.convolutions)
    current = graph.input("face", (1, INPUT_PX, INPUT_PX, 3))
    first = next(layers)
    current = graph.convolution("stem", current, first.kernel, first.bias, stride=first.stride, same=0, relu=1)
    current = graph.pool("stem/pool", current, tflite.BuiltinOperator.MAX_POOL_2D, window=3, stride=2)
    for stage, (channels, halving, plain) in enumerate(_STAGES):
        for block in range(halving + plain):
            current = _block(graph, f"stage{stage}/block{block}", current, layers)
            if current.shape[3] != channels:
                raise ValueError(f"stage {stage} has {current.shape[3]} channels, expected {channels}")
    if next(layers, None) is not None:
        raise ValueError("the file holds more layers than the network has")
    mean = graph.pool("mean", current, tflite.BuiltinOperator.AVERAGE_POOL_2D, window=current.shape[1], stride=1)
    return graph.write(graph.project("embedding", mean, network.projection))


def _block(graph: Graph, name: str, source: Tensor, layers: Iterator[Convolution]) -> Tensor:
    """Two convolutions beside a shortcut; a halving block averages its shortcut. The smaller operand grows by zeros."""
    first, second = next(layers), next(layers)
    halves = first.stride == 2
    inner = graph.convolution(f"{name}/a", source, first.kernel, first.bias, stride=first.stride, same=int(not halves), relu=1)
    inner = graph.convolution(f"{name}/b", inner, second.kernel, second.bias, stride=1, same=1, relu=0)
    shortcut = source
    if halves:
        shortcut = graph.pool(f"{name}/shortcut", source, tflite.BuiltinOperator.AVERAGE_POOL_2D, window=2, stride=2)
    shape = tuple(max(a, b) for a, b in zip(inner.shape, shortcut.shape, strict=True))
    return graph.add(name, graph.grow(f"{name}/grown", inner, shape), graph.grow(f"{name}/grown-shortcut", shortcut, shape))
