"""Rows and messages for the server's tests. A `FakeNode` signs and seals as a real node does."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from server.accounts.models import User
from server.core import secrets
from server.core.permissions import Role
from server.nodes.models import Mount, Node
from server.nodes.tokens import token_hash
from server.people.models import Group, Membership, Person
from server.schedules.models import Kind as SessionKind
from server.schedules.models import Schedule, Session
from server.schedules.terms import Terms
from server.sites.models import Door, Site
from shared_schema.clock import ClockReading
from shared_schema.envelope import Envelope, Kind
from shared_schema.ids import Epoch, NodeId, Seq
from shared_schema.observation import Blind, CropShed, Gap, Observation
from shared_schema.sealing import CROP, PROBE, seal
from shared_schema.sighting import Candidate, Crop, Evidence, Outcome, Sighting

_numbers = count(1)
NOON = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00" + b"\x00" * 32 + b"\xff\xd9"
)


def wall_ns(at: datetime) -> int:
    return round(at.timestamp()) * 10**9


def a_site(**values: object) -> Site:
    return Site.objects.create(**{"name": f"Site {next(_numbers)}", **values})


def a_door(site: Site | None = None, **values: object) -> Door:
    return Door.objects.create(**{"site": site or a_site(), "name": f"Door {next(_numbers)}", **values})


def a_person(name: str | None = None, **values: object) -> Person:
    return Person.objects.create(**{"name": name or f"Person {next(_numbers)}", **values})


def a_group(name: str | None = None, *, managers: Iterable[User] = ()) -> Group:
    group = Group.objects.create(name=name or f"Group {next(_numbers)}")
    group.managers.set(managers)
    return group


def a_member(group: Group | None = None, person: Person | None = None, **values: object) -> Person:
    """Somebody who belongs to the group since long ago."""
    found = person or a_person()
    Membership.objects.create(**{"person": found, "group": group or a_group(), "valid_from": LONG_AGO.date(), **values})
    return found


def a_schedule(site: Site | None = None, group: Group | None = None, *, doors: Iterable[Door] = (), **values: object) -> Schedule:
    """Every weekday 9 to 17 of the site's time since 2024-11-04, a Monday. The row alone: it has made no sessions."""
    defaults = {
        "name": f"Schedule {next(_numbers)}",
        "kind": SessionKind.LECTURE,
        "weekdays": [0, 1, 2, 3, 4],
        "begins": time(9),
        "ends": time(17),
        "valid_from": date(2024, 11, 4),
    }
    schedule = Schedule.objects.create(**{**defaults, "site": site or a_site(), "group": group or a_group(), **values})
    schedule.doors.set(doors)
    return schedule


def a_session(
    site: Site | None = None,
    group: Group | None = None,
    *,
    begins_at: datetime = NOON,
    minutes: int = 90,
    doors: Iterable[Door] = (),
    **values: object,
) -> Session:
    """A lecture from `begins_at`, with the usual terms and a window around it."""
    terms, ends_at, place = Terms(), begins_at + timedelta(minutes=minutes), site or a_site()
    defaults = {
        "name": f"Session {next(_numbers)}",
        "kind": SessionKind.LECTURE,
        "local_date": begins_at.astimezone(place.zone).date(),
        "ends_at": ends_at,
        "window_begins_at": begins_at - timedelta(seconds=terms.before_s),
        "window_ends_at": ends_at + timedelta(seconds=terms.after_s),
    }
    session = Session.objects.create(**{**defaults, "site": place, "group": group or a_group(), "begins_at": begins_at, **values})
    session.doors.set(doors)
    return session


def an_account(role: Role = Role.ADMIN) -> User:
    number = next(_numbers)
    return User.objects.create_user(username=f"{role}-{number}", password=None, role=role)


def as_role(role: Role | None) -> APIClient:
    """A caller with this role; None: nobody."""
    client = APIClient()
    if role is not None:
        client.force_authenticate(an_account(role))
    return client


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@dataclass
class FakeNode:
    """A node's own side: its key, its token and the seq of its next record."""

    node: Node
    token: str
    key: Ed25519PrivateKey
    epoch: int = 1
    seqs: "count[int]" = field(default_factory=lambda: count(1))
    boot_id: UUID = field(default_factory=uuid4)

    @classmethod
    def hung(cls, door: Door | None = None) -> "FakeNode":
        """A claimed node, mounted at a door since long ago."""
        key, uuid = Ed25519PrivateKey.generate(), uuid4()
        token = secrets.current().bearer(str(uuid), 1)
        public = key.public_key().public_bytes_raw()
        node = Node.objects.create(uuid=uuid, name=f"node-{next(_numbers)}", public_key=public, token_sha256=token_hash(token))
        Node.objects.filter(pk=node.pk).update(created_at=LONG_AGO)
        node.refresh_from_db()
        Mount.objects.create(node=node, door=door or a_door(), valid_from=LONG_AGO)
        return cls(node, token, key)

    @property
    def client(self) -> APIClient:
        return bearer(self.token)

    def reading(self, at: datetime = NOON, *, synchronised: bool = True, boot_ns: int | None = None) -> ClockReading:
        ns = wall_ns(at)
        return ClockReading(
            boot_id=self.boot_id, boot_ns=ns - wall_ns(LONG_AGO) if boot_ns is None else boot_ns, wall_ns=ns, synchronised=synchronised
        )

    def envelope(self, kind: Kind, payload: bytes, *, seq: int | None = None) -> Envelope:
        number = Seq(next(self.seqs) if seq is None else seq)
        return Envelope.seal(payload, node=NodeId(self.node.uuid), epoch=Epoch(self.epoch), seq=number, kind=kind, signer=self.key)

    def item(self, kind: Kind, payload: bytes, *, seq: int | None = None, probe: bytes | None = None) -> dict[str, Any]:
        item: dict[str, Any] = {"envelope": json.loads(self.envelope(kind, payload, seq=seq).model_dump_json())}
        if probe is not None:
            sealed = seal(probe, public_key=secrets.current().seal_public_key, purpose=PROBE)
            item["sealed_probe"] = base64.b64encode(sealed).decode()
        return item

    def sighting(
        self,
        *,
        at: datetime = NOON,
        person: Person | None = None,
        crop: bytes | None = None,
        seq: int | None = None,
        changes: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        probe = np.full(4, 0.5, np.float32).tobytes()
        reading = self.reading(at)
        said = Sighting(
            at=reading,
            from_boot_ns=reading.boot_ns,
            until_boot_ns=reading.boot_ns,
            outcome=Outcome.UNKNOWN if person is None else Outcome.MATCH,
            candidate=None if person is None else Candidate(person=person.uuid, similarity=0.9),
            runner_up=None,
            evidence=Evidence(
                min_similarity=0.6, min_margin=0.05, min_agreeing_frames=2, frames=5, agreeing_frames=4, quality=0.8, face_px=90
            ),
            model_id="model",
            gallery_revision=1,
            probe_sha256=sha256(probe).hexdigest(),
            crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
        ).model_copy(update=dict(changes or {}))
        return self.item(Kind.SIGHTING, said.model_dump_json().encode(), seq=seq, probe=probe)

    def observation(
        self,
        *,
        seq: int | None = None,
        looked: tuple[datetime, datetime] | None = None,
        blind: Sequence[tuple[datetime, datetime]] = (),
        synchronised: bool = True,
    ) -> dict[str, Any]:
        """It looked from–until; without times, in the first two nanoseconds of its boot."""
        at = self.reading() if looked is None else self.reading(looked[1], synchronised=synchronised)
        from_ns, until_ns = (1, 2) if looked is None else (self.reading(one).boot_ns for one in looked)
        dark = tuple(
            Blind(from_boot_ns=self.reading(one).boot_ns, until_boot_ns=self.reading(other).boot_ns, reason="dark") for one, other in blind
        )
        said = Observation(at=at, from_boot_ns=from_ns, until_boot_ns=until_ns, last_seq=0, blind=dark)
        return self.item(Kind.OBSERVATION, said.model_dump_json().encode(), seq=seq)

    def crop_shed(self, crop: bytes, *, about: int, seq: int | None = None) -> dict[str, Any]:
        digest = sha256(crop).hexdigest()
        said = CropShed(at=self.reading(), crop_sha256=digest, sighting_epoch=self.epoch, sighting_seq=about, reason="disk_full")
        return self.item(Kind.CROP_SHED, said.model_dump_json().encode(), seq=seq)

    def gap(self, *, seq: int | None = None, lost: tuple[int, int, int] = (1, 5, 7)) -> dict[str, Any]:
        """`lost`: epoch, from, to."""
        said = Gap(at=self.reading(), lost_epoch=lost[0], from_seq=lost[1], to_seq=lost[2], reason="torn")
        return self.item(Kind.GAP, said.model_dump_json().encode(), seq=seq)

    def send(self, *items: object) -> list[dict[str, Any]]:
        """Post a batch; the receipts."""
        response = self.client.post("/api/v1/node/records", {"protocol": 1, "items": list(items)}, format="json")
        assert response.status_code == 200, response.content
        receipts: list[dict[str, Any]] = response.json()["receipts"]
        return receipts

    def put_crop(self, crop: bytes, *, sealed: bytes | None = None) -> Any:
        body = seal(crop, public_key=secrets.current().seal_public_key, purpose=CROP) if sealed is None else sealed
        return self.client.put(f"/api/v1/node/crops/{sha256(crop).hexdigest()}", body, content_type="application/octet-stream")


def heartbeat(node: FakeNode, **values: object) -> dict[str, Any]:
    """A heartbeat's body."""
    at = values.pop("at", node.reading(timezone.now(), synchronised=False))
    assert isinstance(at, ClockReading)
    return {"at": json.loads(at.model_dump_json()), "version": "0.1.0", "model_id": "model", **values}
