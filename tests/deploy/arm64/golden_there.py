"""Runs in there: how far this processor's landmarks and embeddings are from the golden ones. Arguments: golden.json, pictures."""

import json
import platform
import sys
from pathlib import Path

import cv2
import numpy as np

from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline


def main() -> None:
    pipeline = FacePipeline(ModelSet.load(None))
    golden = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found: dict[str, object] = {"machine": platform.machine(), "model_id": pipeline.model_id}
    for name in sys.argv[2:]:
        image = np.asarray(cv2.imread(name), np.uint8)
        (face,) = pipeline.detect(image)
        (embedding,) = pipeline.embed(image, [face])
        expected = golden[Path(name).stem]
        found[Path(name).stem] = {
            "similarity": float(embedding @ np.array(expected["embedding"], np.float32)),
            "landmarks_px": float(np.abs(face.landmarks - np.array(expected["landmarks"])).max()),
        }
    print(json.dumps(found))  # noqa: T201 (its answer)


if __name__ == "__main__":
    main()
