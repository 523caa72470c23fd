"""Who walks by: probes near a person's template or near nobody's, pictures of nobody, evidence as a doorway would give it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import uuid4

import numpy as np

from edge_client.simulate.plan import Model
from shared_schema.face.images import encode_jpeg
from shared_schema.face.types import Embedding
from shared_schema.face.vectors import decode_embedding, encode_embedding, unit
from shared_schema.gallery import GallerySnapshot
from shared_schema.ids import PersonId
from shared_schema.sighting import Candidate, Evidence, Outcome

_STRANGERS_ONE_IN: Final = 5
_MIN_SIMILARITY: Final = 0.55
_USUAL_SIMILARITY: Final = 0.75
_SPREAD: Final = 0.08
_CROP_PX: Final = (150, 120)
_PICTURES: Final = 16
_COMMENT: Final = b"\xff\xfe\x00\x12"


@dataclass(frozen=True, slots=True)
class Seen:
    """One pass as it was decided."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    probe: bytes
    crop: bytes


class Faces:
    """A template for each person: the server's where the node has it, else one made of the person's id."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._templates: dict[PersonId, Embedding] = {}

    def learn(self, gallery: GallerySnapshot) -> None:
        if (gallery.model_id, gallery.dimension) != (self._model.id, self._model.dimension):
            return
        for one in gallery.people:
            self._templates[PersonId(one.person)] = decode_embedding(one.templates[0], gallery.dimension)

    def template(self, person: PersonId) -> Embedding:
        if person not in self._templates:
            self._templates[person] = unit(np.random.default_rng(int(person)).standard_normal(self._model.dimension))
        return self._templates[person]

    def near(self, person: PersonId, similarity: float, chance: np.random.Generator) -> Embedding:
        """A probe with this cosine similarity to the person's template."""
        template = self.template(person)
        aside = chance.standard_normal(len(template))
        beside = unit(aside - (aside @ template) * template)
        return unit(similarity * template + np.sqrt(1 - similarity**2) * beside)

    def nobody(self, chance: np.random.Generator) -> Embedding:
        return unit(chance.standard_normal(self._model.dimension))


class Passers:
    """Passes in the order of a seed: the same seed, the same people."""

    def __init__(self, people: Sequence[PersonId], faces: Faces, *, rate: float, seed: int) -> None:
        self._people = people
        self._faces = faces
        self._rate = rate
        self._chance = random.Random(seed)  # noqa: S311 (no secret is made of it)
        self._noise = np.random.default_rng(seed)
        self._pictures = [_picture(self._noise) for _ in range(_PICTURES)]
        self._last_ns: dict[PersonId, int] = {}

    def gap_ns(self) -> int:
        """Until the next pass; passes come independently of each other."""
        return int(self._chance.expovariate(self._rate / 60) * 1e9)

    def pass_at(self, at_ns: int, *, cooldown_ms: int) -> Seen | None:
        """Who passes now; None when the same person was recorded less than the cooldown ago."""
        if self._chance.randrange(_STRANGERS_ONE_IN) == 0:
            return self._seen(None, self._faces.nobody(self._noise), 0.0)
        person = self._chance.choice(self._people)
        last, self._last_ns[person] = self._last_ns.get(person), at_ns
        if last is not None and 0 <= at_ns - last < cooldown_ms * 1_000_000:
            return None
        similarity = min(0.98, max(0.45, self._chance.gauss(_USUAL_SIMILARITY, _SPREAD)))
        return self._seen(person, self._faces.near(person, similarity, self._noise), similarity)

    def forget(self) -> None:
        """The node was started anew: it knows of no cooldown."""
        self._last_ns.clear()

    def _seen(self, person: PersonId | None, probe: Embedding, similarity: float) -> Seen:
        frames = self._chance.randint(3, 12)
        named = similarity >= _MIN_SIMILARITY
        unsure = person is not None and not named
        evidence = Evidence(
            min_similarity=_MIN_SIMILARITY,
            min_margin=0.05,
            min_agreeing_frames=2,
            frames=frames,
            agreeing_frames=frames - 1 if person else 0,
            quality=round(self._chance.uniform(0.4, 0.95), 3),
            face_px=self._chance.randint(60, 140),
            doubts=("near",) if unsure else (),
        )
        outcome = Outcome.UNKNOWN if person is None else Outcome.UNSURE if unsure else Outcome.MATCH
        candidate = None if person is None else Candidate(person=person, similarity=round(similarity, 4))
        return Seen(outcome, candidate, None, evidence, encode_embedding(probe), self._crop())

    def _crop(self) -> bytes:
        """Never the same twice: a comment of 16 bytes makes each picture's hash its own."""
        picture = self._chance.choice(self._pictures)
        return picture[:2] + _COMMENT + uuid4().bytes + picture[2:]


def seed_of(*parts: object) -> int:
    """A seed that is another for each combination."""
    return int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:8], "little")


def _picture(chance: np.random.Generator) -> bytes:
    """Soft blotches and grain, as large as a face's crop is; it shows nobody."""
    height, width = _CROP_PX
    coarse = chance.integers(40, 216, (height // 10, width // 10, 3))
    soft = np.kron(coarse, np.ones((10, 10, 1)))
    grain = chance.normal(0, 12, (height, width, 1))
    return encode_jpeg(np.clip(soft + grain, 0, 255).astype(np.uint8))
