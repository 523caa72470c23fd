"""Foreign embedders with random weights, written as TFLite files without TensorFlow: FaceNet's own network, and one that is small."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import tflite

from shared_schema.face.models.flat import Graph, Shape, Tensor, _activation, _Operator

INPUT_PX: Final = 160


class Net(Graph):
    """A graph whose convolutions draw their own weights, so that activations keep their size."""

    def __init__(self, description: str, seed: int) -> None:
        super().__init__(description)
        self._random = np.random.default_rng(seed)

    def conv(self, source: Tensor, filters: int, window: int | tuple[int, int], *, gain: float = 1.0, **how: int) -> Tensor:
        """`how`: stride (1), same (1), relu (1)."""
        rows, columns = (window, window) if isinstance(window, int) else window
        name = f"conv{len(self._operators)}"
        shape = (filters, rows, columns, source.shape[3])
        kernel = self._random.standard_normal(shape, np.float32) * np.float32(gain * np.sqrt(2 / np.prod(shape[1:])))
        return self.convolution(name, source, kernel, np.zeros(filters, np.float32), **{"stride": 1, "same": 1, "relu": 1, **how})

    def chain(self, source: Tensor, *steps: tuple[int, int | tuple[int, int]]) -> Tensor:
        """Convolutions that keep the size, one after the other."""
        for filters, window in steps:
            source = self.conv(source, filters, window)
        return source

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """Their channels side by side."""
        shape: Shape = (*parts[0].shape[:3], sum(part.shape[3] for part in parts))
        target = self._variable(f"join{len(self._operators)}", shape)
        fields = {"Axis": 3, "FusedActivationFunction": _activation(0)}
        inputs = tuple(part.index for part in parts)
        self._add(_Operator(tflite.BuiltinOperator.CONCATENATION, inputs, target.index, "ConcatenationOptions", fields))
        return target

    def residual(self, source: Tensor, branches: Sequence[Tensor], scale: float) -> Tensor:
        """The branches, widened again and scaled down, on top of the source."""
        joined = self.join(branches)
        return self.add(f"add{len(self._operators)}", source, self.conv(joined, source.shape[3], 1, gain=scale, relu=0))

    def halved(self, source: Tensor) -> Tensor:
        return self.pool(f"pool{len(self._operators)}", source, tflite.BuiltinOperator.MAX_POOL_2D, window=3, stride=2)

    def embedding(self, source: Tensor, dimension: int) -> bytes:
        """The mean over the picture, projected: the file."""
        mean = self.pool("mean", source, tflite.BuiltinOperator.AVERAGE_POOL_2D, window=source.shape[1], stride=1)
        return self.write(self.project("embedding", mean, self._random.standard_normal((dimension, source.shape[3]), np.float32)))


@cache
def inception_resnet_v1(dimension: int) -> bytes:
    """FaceNet's network: (1, 160, 160, 3) in, (1, dimension) out, about 23 million weights."""
    net = Net("Inception-ResNet-v1 with random weights", seed=dimension)
    flow = _stem(net, net.input("face", (1, INPUT_PX, INPUT_PX, 3)))
    for _ in range(5):
        branches = [net.conv(flow, 32, 1), net.chain(flow, (32, 1), (32, 3)), net.chain(flow, (32, 1), (32, 3), (32, 3))]
        flow = net.residual(flow, branches, 0.17)
    longer = net.chain(flow, (192, 1), (192, 3))
    flow = net.join([_cut(net, flow, 384), _cut(net, longer, 256), net.halved(flow)])
    for _ in range(10):
        flow = net.residual(flow, [net.conv(flow, 128, 1), net.chain(flow, (128, 1), (128, (1, 7)), (128, (7, 1)))], 0.1)
    short, other = net.conv(flow, 256, 1), net.conv(flow, 256, 1)
    longer = net.chain(flow, (256, 1), (256, 3))
    flow = net.join([_cut(net, short, 384), _cut(net, other, 256), _cut(net, longer, 256), net.halved(flow)])
    for scale in (0.2, 0.2, 0.2, 0.2, 0.2, 1.0):
        flow = net.residual(flow, [net.conv(flow, 192, 1), net.chain(flow, (192, 1), (192, (1, 3)), (192, (3, 1)))], scale)
    return net.embedding(flow, dimension)


@cache
def small_embedder(dimension: int = 32, input_px: int = 48, seed: int = 1) -> bytes:
    """Three convolutions: enough to be an embedder, and quick."""
    net = Net("a small embedder with random weights", seed)
    flow = net.conv(net.input("face", (1, input_px, input_px, 3)), 16, 4, stride=4, same=0)
    return net.embedding(net.chain(flow, (32, 3), (64, 3)), dimension)


def _stem(net: Net, face: Tensor) -> Tensor:
    flow = net.conv(face, 32, 3, stride=2, same=0)
    flow = net.conv(net.conv(flow, 32, 3, same=0), 64, 3)
    flow = net.conv(net.conv(net.halved(flow), 80, 1), 192, 3, same=0)
    return _cut(net, flow, 256)


def _cut(net: Net, source: Tensor, filters: int) -> Tensor:
    """A convolution that halves the size."""
    return net.conv(source, filters, 3, stride=2, same=0)
