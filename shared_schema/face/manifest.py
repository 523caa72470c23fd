"""The model set: what each file is, where it comes from, and how it wants to be fed. Nothing is guessed from tensor shapes."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from shared_schema.base import Sha256Hex
from shared_schema.face.calibration import Calibration, CrowdRule
from shared_schema.face.crowd import Crowd, decoded, no_excess
from shared_schema.face.source import PackageSource, Source
from shared_schema.face.types import Embeddings, FaceError, Points
from shared_schema.ids import ModelId

SHIPPED = Path(__file__).parent / "models"
"""The folder of the model set that comes with the package."""

FILE = "manifest.toml"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Normalisation(_Entry):
    """(pixel − mean) × scale, per channel in the model's colour order, on 0–255; or each image by its own mean and deviation."""

    kind: Literal["fixed", "per_image"] = "fixed"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0


class Feeding(_Entry):
    """How a network with one square image as its input is fed."""

    input_px: int = Field(ge=16, le=1024)
    colour: Literal["RGB", "BGR"]
    normalisation: Normalisation


class ModelFile(Feeding):
    """A `.tflite` file with one square image as its input."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+\.tflite$")]
    sha256: Sha256Hex
    source: Source


class AnchorLayer(_Entry):
    """A grid of anchors: one cell every `stride_px`, `per_cell` anchors in each."""

    stride_px: int = Field(ge=1)
    per_cell: int = Field(ge=1)


class DetectorFile(ModelFile):
    """A BlazeFace-shaped network: regressors (1, anchors, 16) and classifiers (1, anchors, 1)."""

    anchors: tuple[AnchorLayer, ...] = Field(min_length=1)
    min_certainty: float = Field(gt=0, lt=1)


class LandmarkFile(ModelFile):
    """A face mesh: 468 points (x, y, depth) in pixels of its picture, and whether the picture shows a face at all (a logit)."""

    min_certainty: float = Field(gt=0, lt=1)


Template = Annotated[tuple[tuple[float, float], ...], Field(min_length=4, max_length=5)]


class EmbedderRule(Feeding):
    """`template`: where points of the face lie in the chip. Embeddings are compared by cosine similarity.

    Four points are the detector's right eye, left eye, nose tip and mouth; five are the mesh's right eye's outer and inner corner, left
    eye's inner and outer corner, and base of the nose. Where `mirrored`, the embedding is the mean of the chip's and of a mirror image's;
    the chip that is mirrored is cut by `mirrored_template` if there is one: two different views have less of their errors in common.
    """

    dimension: int = Field(ge=8, le=4096)
    metric: Literal["cosine"]
    mirrored: bool
    template: Template
    mirrored_template: Template | None = None

    @model_validator(mode="after")
    def _has_templates_of_the_same_points(self) -> Self:
        if self.mirrored_template is not None and not (self.mirrored and len(self.mirrored_template) == len(self.template)):
            msg = "a mirrored_template needs mirrored = true and as many points as the template"
            raise ValueError(msg)
        return self

    def fingerprint(self, sha256: str) -> str:
        """Eight hex digits that differ whenever the embeddings do: by the file's content, its feeding, the template or the mirroring."""
        rule = self.model_dump(mode="json", include=set(EmbedderRule.model_fields))
        return hashlib.sha256(json.dumps([sha256, rule], sort_keys=True).encode()).hexdigest()[:8]


class EmbedderFile(ModelFile, EmbedderRule):
    """The embedder of a set. Without a calibration nobody knows what its similarities mean."""

    model_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    calibration: Calibration | None = None

    @model_validator(mode="after")
    def _is_called_what_it_is(self) -> Self:
        """Templates of one model id are compared, so an installed embedder that was changed afterwards may not keep its id."""
        if not isinstance(self.source, PackageSource) and not self.model_id.endswith(f"-{self.fingerprint(self.sha256)}"):
            msg = f"model_id {self.model_id} is not that of this file fed this way; install the model again instead of editing its manifest"
            raise ValueError(msg)
        return self

    @property
    def crowd(self) -> CrowdRule | None:
        """What probes are compared with beside the gallery, if anything."""
        return None if self.calibration is None else self.calibration.crowd

    @property
    def id(self) -> ModelId:
        return ModelId(self.model_id)

    @property
    def template_points(self) -> Points:
        return np.array(self.template, np.float32)

    @property
    def twin_points(self) -> Points | None:
        """The template of the chip that is mirrored, where that is another one."""
        return None if self.mirrored_template is None else np.array(self.mirrored_template, np.float32)


class Manifest(_Entry):
    """`near` finds large faces and refines landmarks; `far` finds small ones, `landmarks` is the face mesh.

    Without `landmarks` chips are cut by four landmarks of `near`. `eyes` serves challenges.
    """

    manifest_version: Literal[1]
    near: DetectorFile
    far: DetectorFile
    embedder: EmbedderFile
    landmarks: LandmarkFile | None = None
    eyes: ModelFile | None = None

    @model_validator(mode="after")
    def _can_cut_chips(self) -> Self:
        if self.landmarks is None and len(self.embedder.template) > 4:
            msg = "a template of five points needs the face mesh: add [landmarks], or give a template of four points"
            raise ValueError(msg)
        return self

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """What a door needs."""
        needed = (self.near, self.far, self.embedder)
        return needed if self.landmarks is None else (*needed, self.landmarks)

    @property
    def roles(self) -> dict[str, ModelFile]:
        """Every file of the set by what it is for."""
        named = {"near": self.near, "far": self.far, "landmarks": self.landmarks, "embedder": self.embedder}
        return {role: model for role, model in named.items() if model is not None} | self.extras

    @property
    def extras(self) -> dict[str, ModelFile]:
        """What only challenges need, by role; a set may be without."""
        return {} if self.eyes is None else {"eyes": self.eyes}


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A manifest and the bytes of a door's files, hashes checked. Loaded once, shared by every pipeline of a process."""

    folder: Path
    manifest: Manifest
    contents: dict[str, bytes]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read the set from `folder` (None: the one shipped). FaceError: no_models, bad_manifest, wrong_hash."""
        place = SHIPPED if folder is None else folder
        manifest = read_manifest(place)
        contents = {model.file: _read(place / model.file) for model in manifest.files}
        if (crowd := manifest.embedder.crowd) is not None:
            contents[crowd.file] = _read(place / crowd.file)
        loaded = cls(place, manifest, contents)
        loaded.verify()
        return loaded

    @staticmethod
    def shipped() -> Path:
        """The folder of the set that comes with the package."""
        return SHIPPED

    def verify(self) -> None:
        """Raise FaceError wrong_hash unless every file is the one its manifest names."""
        for model in self.manifest.files:
            _check(self.folder / model.file, self.contents[model.file], model.sha256)
        if (crowd := self.manifest.embedder.crowd) is not None:
            _check(self.folder / crowd.file, self.contents[crowd.file], crowd.sha256)

    def read_extra(self, model: ModelFile | None) -> bytes:
        """An optional file of the manifest, read and checked now. FaceError: no_landmarks (the set has none), no_models, wrong_hash."""
        if model is None:
            raise FaceError("no_landmarks", f"the model set in {self.folder} has no model of eyes; challenges need one")
        content = _read(self.folder / model.file)
        _check(self.folder / model.file, content, model.sha256)
        return content

    @property
    def embedder(self) -> "Embedder":
        file = self.manifest.embedder
        if (rule := file.crowd) is None:
            return Embedder(file)
        means = decoded(self.contents[rule.file], rule.file, file.dimension)
        return Embedder(file, Crowd(means, rule.nearest, rule.share, rule.usual))


@dataclass(frozen=True, slots=True)
class Embedder:
    """What the rest of Lintel asks about the embedder."""

    file: EmbedderFile
    crowd: Crowd | None = None

    @property
    def model_id(self) -> ModelId:
        return self.file.id

    @property
    def dimension(self) -> int:
        return self.file.dimension

    def excess(self, probes: Embeddings) -> NDArray[np.float32]:
        """By how much closer each probe, unit rows (n, dimension), must come to be named, because so many people look like it."""
        return no_excess(probes) if self.crowd is None else self.crowd.excess(probes)

    @property
    def calibration(self) -> Calibration:
        """FaceError uncalibrated: without measured similarities nobody can be named."""
        if self.file.calibration is None:
            raise FaceError(
                "uncalibrated",
                f"embedder {self.model_id} is not calibrated, so nobody can be named with it; "
                "run `lintel-face calibrate --models DIR --images DIR --write`",
            )
        return self.file.calibration if self.crowd is None else self.file.calibration.beside(self.crowd)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder, not looking at the files it names."""
    path = folder / FILE
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FaceError("no_models", f"cannot read {path}: {error.strerror}; name the folder of a model set") from error
    except ValidationError as error:
        raise FaceError("bad_manifest", f"{path}: {first_problem(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FaceError("bad_manifest", f"{path} is not TOML: {error}") from error


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, with its place, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _check(path: Path, content: bytes, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FaceError("wrong_hash", f"{path} has SHA-256 {found[:12]}…, its manifest says {sha256[:12]}…; install the model set again")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FaceError("no_models", f"cannot read {path}: {error.strerror}; install the model set again") from error
