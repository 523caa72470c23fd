"""The gallery as of now, for a pass of an earlier day: only those are in it who belonged here on that day and may be named today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.db.models import Max, Min

from server.core import cipher
from server.core.cipher import Cipher
from server.gallery.pipeline import embedder
from server.gallery.selectors import Days, gallery_revision, named_templates
from server.nodes.models import Node
from server.nodes.selectors import settings_of
from server.people.models import Sample
from server.sightings.models import Sighting
from server.sites.days import local_day
from shared_schema.doorway import DoorPolicy, policy_of
from shared_schema.face.calibration import Calibration
from shared_schema.face.match import Gallery
from shared_schema.face.types import Embeddings
from shared_schema.face.vectors import decode_embeddings
from shared_schema.ids import ModelId, PersonId
from shared_schema.node import NodeSettings

_EVER = Days(date.min, date.max)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody who may be named, with templates (n, dimension)."""

    key: int
    active_from: date
    active_until: date
    templates: Embeddings


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything second looks of one moment rest on, read once. `sampled`: when a person's first and last sample were added, by key."""

    model_id: ModelId
    dimension: int
    revision: int
    calibration: Calibration
    people: Mapping[UUID, Enrolled]
    sampled: Mapping[int, tuple[datetime, datetime]]
    cipher: Cipher
    _by_day: dict[date, Gallery] = field(default_factory=dict)
    _galleries: dict[frozenset[UUID], Gallery] = field(default_factory=dict)
    _settings: dict[int, NodeSettings] = field(default_factory=dict)

    @classmethod
    def now(cls) -> "Ground":
        """The revision is read first: a change in between is looked at again, never missed."""
        revision, model, keys = gallery_revision(), embedder(), cipher.current()
        people = _people(model.model_id, model.dimension, keys)
        return cls(model.model_id, model.dimension, revision, model.calibration, people, _sampled(), keys)

    def gallery_on(self, day: date) -> Gallery:
        """Those who belonged here on that day."""
        if day not in self._by_day:
            present = frozenset(uuid for uuid, person in self.people.items() if person.active_from <= day <= person.active_until)
            if present not in self._galleries:
                templates = {PersonId(uuid): self.people[uuid].templates for uuid in sorted(present)}
                self._galleries[present] = Gallery.build(model_id=self.model_id, revision=self.revision, people=templates)
            self._by_day[day] = self._galleries[present]
        return self._by_day[day]

    def everybody(self) -> Gallery:
        """All of them, whenever they belonged here."""
        everyone = frozenset(self.people)
        if everyone not in self._galleries:
            templates = {PersonId(uuid): self.people[uuid].templates for uuid in sorted(everyone)}
            self._galleries[everyone] = Gallery.build(model_id=self.model_id, revision=self.revision, people=templates)
        return self._galleries[everyone]

    def settings_of(self, node: Node) -> NodeSettings:
        """What the node is told now."""
        if node.pk not in self._settings:
            self._settings[node.pk] = settings_of(node)
        return self._settings[node.pk]

    def policy_for(self, node: Node, gallery_size: int) -> DoorPolicy:
        """The node's bars as they are now."""
        return policy_of(self.settings_of(node), self.calibration, gallery_size)


def day_of(sighting: Sighting) -> date:
    """The local day of a sighting; where the door is not known, the day in UTC."""
    if sighting.door is None:
        return sighting.captured_at.date()
    return local_day(sighting.captured_at, sighting.door.site.zone, sighting.door.site.day_cut)


def _people(model_id: ModelId, dimension: int, keys: Cipher) -> dict[UUID, Enrolled]:
    fields = ("person__uuid", "person_id", "person__active_from", "person__active_until", "ciphertext")
    found: dict[UUID, Enrolled] = {}
    for uuid, key, begins, ends, ciphertext in named_templates(model_id, _EVER).order_by("person_id", "id").values_list(*fields):
        templates = decode_embeddings([keys.decrypt(ciphertext, purpose=cipher.TEMPLATE)], dimension)
        if (known := found.get(uuid)) is not None:
            templates = np.concatenate([known.templates, templates])
        found[uuid] = Enrolled(key, begins or date.min, ends or date.max, templates)
    return found


def _sampled() -> dict[int, tuple[datetime, datetime]]:
    found = Sample.objects.order_by().values("person_id").annotate(first=Min("created_at"), last=Max("created_at"))
    return {row["person_id"]: (row["first"], row["last"]) for row in found}
