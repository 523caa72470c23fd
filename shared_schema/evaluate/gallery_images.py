"""A gallery from a folder with one folder of images per person: enrolled by the rules of the server, then tried."""

from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.gallery import Member, Tried, try_gallery
from shared_schema.evaluate.identify import by_person
from shared_schema.evaluate.lfw import Errata, Image, list_images
from shared_schema.face.hygiene import Reason, sort_out
from shared_schema.face.manifest import ModelSet
from shared_schema.ids import PersonId


@dataclass(frozen=True, slots=True)
class FolderGallery:
    """The trials, images that gave no sample, and samples that were set aside, with the reason."""

    tried: Tried
    unusable: tuple[Image, ...]
    set_aside: dict[Image, Reason]


def try_folder(folder: Path, errata: Errata, models: Path | None = None) -> FolderGallery:
    """Embed every image below `folder`; FaceError when there is none with a face. People of whom no image could be used are left out."""
    images = by_person(list_images(folder), errata)
    listed = [image for owned in images.values() for image in owned]
    embedded = embed_images(folder, listed, models)
    embedder = ModelSet.load(models).embedder
    aside: dict[Image, Reason] = {}
    members = []
    for name, owned in images.items():
        usable = [image for image in owned if image in embedded]
        if usable:
            members.append(_enrolled(name, usable, embedded, aside, embedder.calibration.min_own_similarity))
    tried = try_gallery(members, model_id=embedder.model_id, calibration=embedder.calibration, dimension=embedder.dimension)
    return FolderGallery(tried, tuple(image for image in listed if image not in embedded), aside)


def _enrolled(name: str, images: list[Image], embedded: Embedded, aside: dict[Image, Reason], min_own_similarity: float) -> Member:
    """The person with the samples that make the template; the others are noted in `aside`."""
    rows = np.stack([embedded[image] for image in images])
    sorted_out = sort_out(rows, [1.0] * len(rows), min_own_similarity=min_own_similarity)
    aside.update({images[row]: reason for row, reason in sorted_out.set_aside.items()})
    return Member(PersonId(uuid5(NAMESPACE_URL, name)), name, rows[list(sorted_out.active)])
