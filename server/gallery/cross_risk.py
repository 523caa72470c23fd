"""Whom a person may be taken for: templates closer to each other than the doors' bar for a match."""

from dataclasses import dataclass

import numpy as np

from server.core import cipher
from server.gallery import selectors
from server.gallery.models import Template
from server.gallery.pipeline import embedder
from server.nodes.models import Node
from server.nodes.selectors import wanted_settings, with_newest_settings
from server.people.models import Person
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import decode_embedding
from shared_schema.node import NodeSettings


@dataclass(frozen=True, slots=True)
class CrossRisk:
    """Somebody whose template is so close that a door could give one of the two the name of the other.

    `similarity` is less the excess of the rarer of the two faces (`shared_schema.face.crowd`), as doors compare it.
    """

    person: Person
    similarity: float


def strangers_named_one_in() -> int:
    """The most lenient setting of any node in use: what is safe there is safe everywhere."""
    nodes = Node.objects.filter(revoked_at__isnull=True).prefetch_related(with_newest_settings())
    found = [wanted_settings(node).strangers_named_one_in for node in nodes]
    return min(found, default=NodeSettings().strangers_named_one_in)


def match_bar(gallery_size: int) -> float:
    """The similarity from which that node would name somebody, for a gallery of so many people."""
    return embedder().calibration.door_similarity(strangers_named_one_in=strangers_named_one_in(), gallery_size=gallery_size)


def cross_risks(person: Person) -> tuple[CrossRisk, ...]:
    """Everybody whose template lies above the match bar with this person's, the closest first."""
    model = embedder()
    row = Template.objects.filter(person=person, model_id=model.model_id).first()
    others = selectors.gallery_without({person.uuid}, model_id=model.model_id, dimension=model.dimension)
    if row is None or not others.size:
        return ()
    try:
        template = decode_embedding(cipher.current().decrypt(row.ciphertext, purpose=cipher.TEMPLATE), row.dimension)
    except FaceError:
        return ()
    excess = model.calibration.excess(np.concatenate([template[np.newaxis], others.templates]))
    lowest = np.minimum.reduceat(excess[1:], others.starts)
    similarities = others.similarities(template) - np.minimum(excess[0], lowest)
    bar = match_bar(others.size + 1)
    near = {others.people[at]: float(similarities[at]) for at in range(others.size) if similarities[at] >= bar}
    found = [CrossRisk(other, near[other.uuid]) for other in Person.objects.filter(uuid__in=near)]  # type: ignore[index]  # a PersonId is one
    return tuple(sorted(found, key=lambda risk: -risk.similarity))
