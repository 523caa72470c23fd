"""From a chip to an embedding."""

from collections.abc import Sequence

import numpy as np

from shared_schema.face.manifest import EmbedderFile
from shared_schema.face.normalise import normalised
from shared_schema.face.runtime import Network
from shared_schema.face.types import Bgr, Embeddings, FaceError
from shared_schema.face.vectors import unit


class FaceEmbedder:
    """Runs the embedder on aligned chips. Not thread-safe: one per thread."""

    def __init__(self, file: EmbedderFile, network: Network) -> None:
        size = file.input_px
        if network.input_shape != (1, size, size, 3) or network.output_shapes != ((1, file.dimension),):
            raise FaceError("bad_manifest", f"{file.file} does not have the sizes that its manifest describes")
        self._file = file
        self._network = network

    def embed(self, chips: Sequence[Bgr]) -> Embeddings:
        """Unit float32 rows (n, dimension) of BGR chips; where the manifest says so, the mean of each chip and its mirror image."""
        if not chips:
            return np.empty((0, self._file.dimension), np.float32)
        return unit(np.stack([self._one(chip) for chip in chips]))

    def _one(self, chip: Bgr) -> Embeddings:
        straight = self._run(chip)
        if not self._file.mirrored:
            return straight
        return np.asarray((straight + self._run(np.ascontiguousarray(chip[:, ::-1]))) / 2, np.float32)

    def _run(self, chip: Bgr) -> Embeddings:
        (vectors,) = self._network(normalised(chip, self._file))
        return np.asarray(vectors[0], np.float32)
