"""The one border to the TFLite runtime: a model file becomes a function from arrays to arrays."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import FaceError

if sys.version_info >= (3, 12):
    from ai_edge_litert.interpreter import Interpreter
else:
    from tflite_runtime.interpreter import Interpreter

Array = NDArray[np.float32]

MOST_THREADS: Final = 4
"""More do not help: what one image needs no longer fills them."""

_CHATTER = (b"Created TensorFlow Lite XNNPACK delegate",)


def threads_for(cores: int) -> int:
    """How many threads a network gets where `cores` may be used: all but one, which is left to whatever else runs there.

    The threads of a network wait for each other by spinning. Where another process holds a core, one look takes longer with two threads
    on two cores than with one, by whole time slices of the scheduler.
    """
    return max(1, min(MOST_THREADS, cores - 1))


def own_cores() -> int:
    """How many cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0))


class Network:
    """One interpreter of one model: one float32 input, float32 outputs. Not thread-safe: build one per thread.

    `batch` is how many images it takes at once; a model that was made for another number and cannot change is a FaceError.
    """

    def __init__(self, content: bytes, *, name: str, threads: int = 1, batch: int = 1) -> None:
        self._content = content
        with _quiet():
            self._interpreter = _open(content, name, threads, batch)
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(batch, rows, columns, channels)."""
        return tuple(int(size) for size in self._input["shape"])

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(int(size) for size in output["shape"]) for output in self._interpreter.get_output_details())

    def __call__(self, values: Array) -> tuple[Array, ...]:
        """Run the model on an array of exactly `input_shape`; the outputs are the caller's own copies."""
        if values.shape != self.input_shape or values.dtype != np.float32:
            raise FaceError("wrong_shape", f"the model takes float32 {self.input_shape}, got {values.dtype} {values.shape}")
        self._interpreter.set_tensor(self._input["index"], values)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


def _open(content: bytes, name: str, threads: int, batch: int) -> Interpreter:
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        made_for = interpreter.get_input_details()[0]
        if made_for["shape"][0] != batch:
            interpreter.resize_tensor_input(made_for["index"], (batch, *made_for["shape"][1:]))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FaceError(
            "bad_model", f"{name} is not a model that the TFLite runtime can run ({reason}); install the model set again"
        ) from error
    kinds = {detail["dtype"] for detail in [*interpreter.get_input_details(), *interpreter.get_output_details()]}
    if len(interpreter.get_input_details()) != 1 or kinds != {np.float32}:
        raise FaceError("bad_model", f"{name} must have one float32 input and float32 outputs; convert it with float input and output")
    return interpreter


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the runtime's greeting off stderr. It is written by C++ to file descriptor 2; every other line is passed on."""
    try:
        saved = os.dup(2)
    except OSError:  # started without a stderr: there is nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            _pass_on(caught)


def _pass_on(caught: BinaryIO) -> None:
    caught.seek(0)
    rest = b"".join(line for line in caught if not any(note in line for note in _CHATTER))
    if rest:
        os.write(2, rest)
