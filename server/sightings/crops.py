"""Evidence images: opened, verified, stored, and only then marked as stored."""

from datetime import datetime
from hashlib import sha256

from server.core import objects, secrets
from server.core.errors import NotFound, Rejected
from server.nodes.models import Node
from server.sightings import jpeg
from server.sightings.models import Crop, CropState
from shared_schema.sealing import CROP, SealError, unseal


def crop_store(node: Node, digest: str, sealed: bytes, *, now: datetime) -> None:
    """Store a crop this node announced. Repeating it changes nothing.

    Raises NotFound when the node announced no such crop, Rejected when the bytes are not it, Unavailable when storage is.
    """
    announced = list(Crop.objects.filter(node=node, sha256=digest))
    if not announced:
        raise NotFound("unknown_crop", "No sighting of this node names this crop; send its record first.")
    if all(crop.state in {CropState.STORED, CropState.ERASED} for crop in announced):
        return
    plain = _verified(digest, announced[0].size_bytes, sealed)
    key = f"crops/{node.uuid}/{digest[:2]}/{digest}.jpg"
    objects.current().put(key, plain)
    Crop.objects.filter(node=node, sha256=digest).exclude(state=CropState.ERASED).update(
        state=CropState.STORED, object_key=key, stored_at=now, reason=""
    )


def _verified(digest: str, size_bytes: int, sealed: bytes) -> bytes:
    try:
        plain = unseal(sealed, private_key=secrets.current().seal_private_key, purpose=CROP)
    except SealError as error:
        raise Rejected("invalid_crop", str(error)) from error
    if len(plain) != size_bytes or sha256(plain).hexdigest() != digest:
        raise Rejected("wrong_hash", "The crop is not the one its sighting names.")
    found = jpeg.pixels(plain)
    if found is None:
        raise Rejected("not_an_image", "The crop is no JPEG.")
    if found > jpeg.MAX_PIXELS:
        raise Rejected("image_too_large", f"The crop has {found} pixels, at most {jpeg.MAX_PIXELS} are accepted.")
    return plain


def crop_read(crop: Crop) -> bytes:
    """The image. Raises NotFound when it is not there (yet, or any more), Unavailable when storage is."""
    if crop.state != CropState.STORED:
        raise NotFound(f"crop_{crop.state}", f"The crop is not here: {crop.get_state_display().lower()}.")
    data = objects.current().get(crop.object_key)
    if data is None:
        raise NotFound("crop_missing", "The object storage has lost this crop; restore it from the backup.")
    return data
