"""A claimed node's outbox, filled with sightings that the real server takes."""

from hashlib import sha256

import numpy as np
from django.utils import timezone

from edge_client.clock import Clock
from edge_client.config import NodeConfig
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.outbox.store import Outbox, Recorded
from server.nodes.claims import claim_create
from server.sites.models import Door, Site
from shared_schema.envelope import Kind
from shared_schema.face.images import encode_jpeg
from shared_schema.sighting import Crop, Evidence, Outcome, Sighting


def claim_token() -> str:
    """For a node at a door of its own."""
    door = Door.objects.create(site=Site.objects.create(name="House", time_zone="Europe/Berlin"), name="Front")
    return claim_create(door=door, name="front", by=None, now=timezone.now()).token


def open_outbox_of(config: NodeConfig, clock: Clock) -> Outbox:
    """Capture's side."""
    identity, signer = IdentityFolder(config.state).load(), KeyFolder(config.state).signer()
    return Outbox.open(config.state / "outbox", identity=identity, signer=signer, clock=clock)


def put_sighting(outbox: Outbox, clock: Clock, *, shade: int = 120) -> Recorded:
    """An unknown person with a crop of this shade of grey."""
    crop = encode_jpeg(np.full((64, 48, 3), shade, np.uint8))
    probe = np.full(4, 0.5, "<f4").tobytes()
    at = clock.reading()
    sighting = Sighting(
        at=at,
        from_boot_ns=at.boot_ns,
        until_boot_ns=at.boot_ns,
        outcome=Outcome.UNKNOWN,
        candidate=None,
        runner_up=None,
        evidence=Evidence(min_similarity=0.5, min_margin=0.1, min_agreeing_frames=2, frames=3, agreeing_frames=0, quality=0.5, face_px=60),
        model_id="m",
        gallery_revision=0,
        probe_sha256=sha256(probe).hexdigest(),
        crop=Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
    )
    return outbox.put(Kind.SIGHTING, sighting.model_dump_json().encode(), probe=probe, crop=crop)
