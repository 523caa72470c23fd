"""Writes a TFLite file with the schema's own builder functions: the few operators a residual network needs, without TensorFlow.

Weights are kept as float16 and widened by a DEQUANTIZE in the graph, which halves the file; the arithmetic stays float32.
The same calls give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

Shape = tuple[int, ...]

_TYPES = {"float32": tflite.TensorType.FLOAT32, "float16": tflite.TensorType.FLOAT16, "int32": tflite.TensorType.INT32}
_ALIGNMENT = 16
"""The runtime maps weights in place and wants them on such a boundary."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph by its index."""

    index: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    shape: Shape
    kind: str
    buffer: int


@dataclass(frozen=True, slots=True)
class _Operator:
    code: int
    inputs: tuple[int, ...]
    output: int
    options: str
    fields: dict[str, int]


class Graph:
    """Collects tensors and operators, then writes them. All images are (1, rows, columns, channels)."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._tensors: list[_Stored] = []
        self._buffers: list[bytes] = [b""]
        self._operators: list[_Operator] = []
        self._inputs: list[int] = []

    def input(self, name: str, shape: Shape) -> Tensor:
        tensor = self._variable(name, shape)
        self._inputs.append(tensor.index)
        return tensor

    def weights(self, name: str, values: NDArray[np.float32]) -> Tensor:
        """A constant, stored as float16 and widened in the graph."""
        narrow = self._constant(f"{name}/half", values.astype(np.float16))
        wide = self._variable(name, values.shape)
        self._add(_Operator(tflite.BuiltinOperator.DEQUANTIZE, (narrow.index,), wide.index, "DequantizeOptions", {}))
        return wide

    def convolution(self, name: str, source: Tensor, kernel: NDArray[np.float32], bias: NDArray[np.float32], **how: int) -> Tensor:
        """`how`: stride, same (1: keep the size), relu (1: clip below zero)."""
        stride = how["stride"]
        filters, rows, columns, _ = kernel.shape
        weights = self.weights(f"{name}/kernel", kernel)
        offset = self._constant(f"{name}/bias", bias.astype(np.float32))
        high, wide = (
            size if how["same"] else (size - window) // stride + 1
            for size, window in zip(source.shape[1:3], (rows, columns), strict=True)
        )
        target = self._variable(name, (1, high, wide, filters))
        fields = {
            "Padding": tflite.Padding.SAME if how["same"] else tflite.Padding.VALID,
            "StrideW": stride,
            "StrideH": stride,
            "FusedActivationFunction": _activation(how["relu"]),
            "DilationWFactor": 1,
            "DilationHFactor": 1,
        }
        inputs = (source.index, weights.index, offset.index)
        self._add(_Operator(tflite.BuiltinOperator.CONV_2D, inputs, target.index, "Conv2DOptions", fields))
        return target

    def pool(self, name: str, source: Tensor, kind: int, *, window: int, stride: int) -> Tensor:
        """Maximum or average (a BuiltinOperator) over square windows that lie inside."""
        high, wide = ((size - window) // stride + 1 for size in source.shape[1:3])
        target = self._variable(name, (1, high, wide, source.shape[3]))
        fields = {
            "Padding": tflite.Padding.VALID,
            "StrideW": stride,
            "StrideH": stride,
            "FilterWidth": window,
            "FilterHeight": window,
            "FusedActivationFunction": _activation(0),
        }
        self._add(_Operator(kind, (source.index,), target.index, "Pool2DOptions", fields))
        return target

    def grow(self, name: str, source: Tensor, shape: Shape) -> Tensor:
        """Zeros at the bottom, at the right and behind the channels until it has `shape`; itself when it already has."""
        if source.shape == shape:
            return source
        widths = np.array([(0, new - old) for old, new in zip(source.shape, shape, strict=True)], np.int32)
        paddings = self._constant(f"{name}/paddings", widths)
        target = self._variable(name, shape)
        self._add(_Operator(tflite.BuiltinOperator.PAD, (source.index, paddings.index), target.index, "PadOptions", {}))
        return target

    def add(self, name: str, left: Tensor, right: Tensor) -> Tensor:
        """The sum, clipped below zero."""
        target = self._variable(name, left.shape)
        fields = {"FusedActivationFunction": _activation(1)}
        self._add(_Operator(tflite.BuiltinOperator.ADD, (left.index, right.index), target.index, "AddOptions", fields))
        return target

    def project(self, name: str, source: Tensor, matrix: NDArray[np.float32]) -> Tensor:
        """A matrix (outputs, inputs) without a bias: (1, outputs)."""
        weights = self.weights(f"{name}/matrix", matrix)
        offset = self._constant(f"{name}/bias", np.zeros(len(matrix), np.float32))
        target = self._variable(name, (1, len(matrix)))
        inputs = (source.index, weights.index, offset.index)
        fields = {"FusedActivationFunction": _activation(0)}
        self._add(_Operator(tflite.BuiltinOperator.FULLY_CONNECTED, inputs, target.index, "FullyConnectedOptions", fields))
        return target

    def write(self, output: Tensor) -> bytes:
        """The whole file."""
        builder = flatbuffers.Builder(1 << 24)
        codes = sorted({operator.code for operator in self._operators})
        buffers = _vector(builder, [_write_buffer(builder, data) for data in self._buffers])
        subgraphs = _vector(builder, [self._write_subgraph(builder, codes, output)])
        operator_codes = _vector(builder, [_write_code(builder, code) for code in codes])
        description = builder.CreateString(self._description)
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, 3)
        tflite.ModelAddOperatorCodes(builder, operator_codes)
        tflite.ModelAddSubgraphs(builder, subgraphs)
        tflite.ModelAddDescription(builder, description)
        tflite.ModelAddBuffers(builder, buffers)
        builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _variable(self, name: str, shape: Shape) -> Tensor:
        self._tensors.append(_Stored(name, shape, "float32", 0))
        return Tensor(len(self._tensors) - 1, shape)

    def _constant(self, name: str, values: NDArray[np.generic]) -> Tensor:
        self._buffers.append(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes())
        self._tensors.append(_Stored(name, values.shape, values.dtype.name, len(self._buffers) - 1))
        return Tensor(len(self._tensors) - 1, values.shape)

    def _add(self, operator: _Operator) -> None:
        self._operators.append(operator)

    def _write_subgraph(self, builder: flatbuffers.Builder, codes: Sequence[int], output: Tensor) -> int:
        tensors = _vector(builder, [_write_tensor(builder, tensor) for tensor in self._tensors])
        operators = _vector(builder, [_write_operator(builder, operator, codes) for operator in self._operators])
        inputs = builder.CreateNumpyVector(np.array(self._inputs, np.int32))
        outputs = builder.CreateNumpyVector(np.array([output.index], np.int32))
        name = builder.CreateString("main")
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        tflite.SubGraphAddInputs(builder, inputs)
        tflite.SubGraphAddOutputs(builder, outputs)
        tflite.SubGraphAddOperators(builder, operators)
        tflite.SubGraphAddName(builder, name)
        return int(tflite.SubGraphEnd(builder))


def _activation(relu: int) -> int:
    return int(tflite.ActivationFunctionType.RELU if relu else tflite.ActivationFunctionType.NONE)


def _vector(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _write_buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    content = None
    if data:
        builder.StartVector(1, len(data), _ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        content = builder.EndVector()
    tflite.BufferStart(builder)
    if content is not None:
        tflite.BufferAddData(builder, content)
    return int(tflite.BufferEnd(builder))


def _write_code(builder: flatbuffers.Builder, code: int) -> int:
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, code)
    tflite.OperatorCodeAddVersion(builder, 1)
    tflite.OperatorCodeAddBuiltinCode(builder, code)
    return int(tflite.OperatorCodeEnd(builder))


def _write_tensor(builder: flatbuffers.Builder, tensor: _Stored) -> int:
    shape = builder.CreateNumpyVector(np.array(tensor.shape, np.int32))
    name = builder.CreateString(tensor.name)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, _TYPES[tensor.kind])
    tflite.TensorAddBuffer(builder, tensor.buffer)
    tflite.TensorAddName(builder, name)
    return int(tflite.TensorEnd(builder))


def _write_operator(builder: flatbuffers.Builder, operator: _Operator, codes: Sequence[int]) -> int:
    inputs = builder.CreateNumpyVector(np.array(operator.inputs, np.int32))
    outputs = builder.CreateNumpyVector(np.array([operator.output], np.int32))
    getattr(tflite, f"{operator.options}Start")(builder)
    for field, value in operator.fields.items():
        getattr(tflite, f"{operator.options}Add{field}")(builder, value)
    options = getattr(tflite, f"{operator.options}End")(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, codes.index(operator.code))
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, operator.options))
    tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))
