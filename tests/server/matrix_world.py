"""A fixture world with three people and everything about each of them: one's own, one of a managed group, and a stranger."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionAttachment, CorrectionComment, ManualMark, ManualPass
from server.attendance.models import AttendanceRecord
from server.attendance.seal_models import Discrepancy, RecordChange, Seal, Subject
from server.core.permissions import Role, Scope
from server.gallery.reembed_rows import current_model
from server.nodes.models import AlarmKind, NodeAlarm
from server.people.models import Group, Membership, Person, Sample
from server.reports.models import Export, ExportKind, ExportRun
from server.schedules.models import Holiday, Leave, Session
from server.sightings.decision_models import Decision, SightingDecision, UnknownGroup, UnknownMember
from server.sightings.models import SecondLook, Sighting
from server.sightings.second_look import Difference, Reason
from server.sites.models import Door, Site
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_schedule, a_session, a_site, an_account
from tests.factories_attendance import a_record, a_visit, an_area, an_open_day

DAY = NOON.date()
OWN, LED, STRANGE = "own", "led", "strange"
NAMES = {OWN: "Ottilie Owner", LED: "Ludmila Led", STRANGE: "Quixotia Strange"}
REACHED = {Scope.OWN: OWN, Scope.OWN_GROUPS: LED}


@dataclass(frozen=True)
class Bundle:
    """Everything about one person, by the name it has in addresses."""

    person: Person
    group: Group
    ids: dict[str, UUID]

    @property
    def marks(self) -> set[str]:
        """What no answer may contain that is not for them."""
        return {self.person.name, self.group.name, *(str(uuid) for uuid in self.ids.values())}


@dataclass
class World:
    site: Site = field(default_factory=lambda: a_site(name="Main house"))
    accounts: dict[Role, User] = field(default_factory=lambda: {role: an_account(role) for role in Role})

    def __post_init__(self) -> None:
        current_model(now=NOON)  # the gallery is complete before there are samples without a face
        self.door: Door = a_door(self.site, name="Front")
        self.fake = FakeNode.hung(self.door)
        self.area = an_area(self.site, self.door)
        self.bundles = {kind: self._bundle(kind) for kind in NAMES}
        Person.objects.filter(pk=self.bundles[OWN].person.pk).update(account=self.accounts[Role.SELF])
        self.bundles[LED].group.managers.set([self.accounts[Role.MANAGER]])
        self.shared = self._shared()

    def _bundle(self, kind: str) -> Bundle:
        group = a_group(f"Group of {NAMES[kind]}")
        person = a_member(group, Person.objects.create(name=NAMES[kind], consent_at=timezone.now()))
        session = a_session(self.site, group, name=f"Session of {NAMES[kind]}", doors=[self.door])
        schedule = a_schedule(self.site, group, doors=[self.door], name=f"Schedule of {NAMES[kind]}")
        record = a_record(person, session)
        ids = {
            "people": person.uuid,
            "groups": group.uuid,
            "memberships": Membership.objects.get(person=person).uuid,
            "sessions": session.uuid,
            "schedules": schedule.uuid,
            "attendance": record.uuid,
            "open-days": an_open_day(person, self.site).uuid,
            "visits": a_visit(person, self.area).uuid,
            "samples": self._sample(person).uuid,
            "leave": Leave.objects.create(person=person, reason="sick", first_day=DAY, last_day=DAY).uuid,
        }
        return Bundle(person, group, ids | self._said(person, session, record) | self._seen(person))

    def _said(self, person: Person, session: Session, record: AttendanceRecord) -> dict[str, UUID]:
        """What staff said."""
        by = self.accounts[Role.ADMIN]
        said = {"person": person, "session": session}
        batch = uuid4()
        mark = ManualMark.objects.create(**said, state="present", made_by=by, made_at=NOON, batch=batch)
        passed = ManualPass.objects.create(person=person, door=self.door, at=NOON, way="in", made_by=by, made_at=NOON)
        asked = {"to_note": "x", "reason": "because", "requested_by": self._requester(person), "requested_at": NOON}
        correction = Correction.objects.create(**said, **asked)
        CorrectionComment.objects.create(correction=correction, by=by, at=NOON, text=f"about {person.name}")
        paper = CorrectionAttachment.objects.create(
            correction=correction, name=f"{person.name}.pdf", media_type="application/pdf", size_bytes=1, sha256="0" * 64,
            object_key=f"papers/{person.pk}", by=by, at=NOON,
        )  # fmt: skip
        about = {"subject": Subject.SESSION, "person": person, "local_date": DAY}
        discrepancy = Discrepancy.objects.create(**about, key=f"{session.pk}:{person.pk}", site=self.site, found_at=NOON)
        RecordChange.objects.create(**about, key=f"{record.session_id}:{person.pk}", at=NOON, why=["sighting"])
        return {
            "marks": mark.uuid, "batch": batch, "passes": passed.uuid, "corrections": correction.uuid, "attachment": paper.uuid,
            "discrepancies": discrepancy.uuid,
        }  # fmt: skip

    def _requester(self, person: Person) -> User:
        return self.accounts[Role.SELF if person.name == NAMES[OWN] else Role.ADMIN]

    def _seen(self, person: Person) -> dict[str, UUID]:
        self.fake.send(self.fake.sighting(person=person))
        sighting = Sighting.objects.get(person=person)
        decision = SightingDecision.objects.create(sighting=sighting, decision=Decision.ASSIGN, person=person, at=NOON)
        look = SecondLook.objects.create(
            sighting=sighting, made_at=NOON, reason=Reason.ASKED, difference=Difference.RENAMED, outcome="match", person=person,
            candidate_uuid=person.uuid, model_id="m", gallery_revision=1, gallery_size=3, settings_revision=0, min_similarity=0.5,
            unsure_similarity=0.4, min_margin=0.01, min_agreeing_frames=2,
        )  # fmt: skip
        return {"sightings": sighting.uuid, "decision": decision.uuid, "second-looks": look.uuid}

    def _sample(self, person: Person) -> Sample:
        keys = {"object_key": f"matrix/s{person.pk}", "crop_key": f"matrix/c{person.pk}"}
        return Sample.objects.create(person=person, sha256="0" * 64, size_bytes=1, quality=1, face_px=100, **keys)

    def _shared(self) -> dict[str, UUID]:
        """What belongs to nobody."""
        self.fake.send(self.fake.sighting())
        unknown = UnknownGroup.objects.create(model_id="m", made_at=NOON, newest_at=NOON, size=1)
        UnknownMember.objects.create(sighting=Sighting.objects.get(outcome="unknown"), group=unknown, added_at=NOON)
        run = ExportRun.objects.create(asked_at=NOON)
        kept = {"object_key": "exports/1", "sha256": "0" * 64, "size_bytes": 1, "rows": 1, "made_at": NOON}
        export = Export.objects.create(run=run, kind=ExportKind.choices[0][0], day=DAY, version=1, **kept)
        alarm = NodeAlarm.objects.create(node=self.fake.node, kind=AlarmKind.CONFLICT, first_at=NOON, last_at=NOON)
        span = {"first_day": DAY - timedelta(days=30), "last_day": DAY - timedelta(days=20)}
        return {
            "sites": self.site.uuid, "doors": self.door.uuid, "areas": self.area.uuid, "nodes": self.fake.node.uuid,
            "mounts": self.fake.node.mounts.get().uuid, "node-alarms": alarm.uuid, "unknown-groups": unknown.uuid,
            "exports": export.uuid, "seals": Seal.objects.create(site=self.site, sealed_at=NOON, **span).uuid,
            "holidays": Holiday.objects.create(name="Feast", first_day=DAY, last_day=DAY).uuid, "audit": uuid4(),
        }  # fmt: skip

    def id_of(self, name: str, kind: str) -> UUID:
        ids = self.bundles[kind].ids | self.shared
        return ids[name]

    def forbidden(self, scope: Scope, allowed: str) -> set[str]:
        """What an answer to somebody who reaches so far may not contain, but for what was in the request."""
        reached = REACHED.get(scope)
        marks = {mark for kind, bundle in self.bundles.items() if kind != reached for mark in bundle.marks}
        return set() if scope is Scope.ALL else {mark for mark in marks if mark not in allowed}
