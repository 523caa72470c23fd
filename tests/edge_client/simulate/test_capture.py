import random
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from edge_client.capture_report import CaptureReport
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import list_records
from edge_client.outbox.store import Outbox
from edge_client.simulate.boots import DAY_NS, Past, SimulatedClock, boots_until, keep, kept_boot, real_now
from edge_client.simulate.capture import SyntheticCapture, Told
from edge_client.simulate.passes import Faces, Passers
from edge_client.simulate.plan import Model
from shared_schema.envelope import Kind
from shared_schema.face.images import decode_image
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import BootNs, ModelId, PersonId
from shared_schema.node import NodeSettings
from shared_schema.observation import Observation
from shared_schema.sighting import Outcome, Sighting
from tests.edge_client.fakes import SIGNER, an_identity

MODEL = Model(ModelId("m"), 8)
ANN = PersonId(UUID(int=1))
HOUR = 3600 * 10**9


def payloads(folder: Path, clock: SimulatedClock) -> list[Sighting | Observation]:
    deliveries = Deliveries.open(folder, clock=clock)
    items = [record.item.envelope for record in deliveries.lease(10_000)]
    deliveries.close()
    return [(Sighting if one.kind == Kind.SIGHTING else Observation).model_validate_json(one.payload) for one in items]


@pytest.fixture
def watched(tmp_path: Path) -> list[Sighting | Observation]:
    """Two hours of a node, as they lie in its outbox."""
    (boot,) = boots_until(10 * DAY_NS, days=2 / 24, chance=random.Random(1))[:1]  # noqa: S311
    past = Past(boot.from_ns)
    clock = SimulatedClock(boot, past)
    outbox = Outbox.open(tmp_path, identity=an_identity(), signer=SIGNER, clock=clock)
    reports: list[CaptureReport] = []
    told = Told(NodeSettings(revision=3, cooldown_ms=60_000, observation_ms=600_000), gallery_revision=5)
    passers = Passers((ANN,), Faces(MODEL), rate=2, seed=1)
    capture = SyntheticCapture(outbox, passers, clock, MODEL, lambda *_: None, reports.append, lambda: told)
    capture.watch(BootNs(clock.boot_ns() + 2 * HOUR), past.leap_from(boot))
    outbox.close()
    assert {(one.settings_revision, one.gallery_revision, one.camera) for one in reports} == {(3, 5, "ok")}
    assert not [one for one in list_records(tmp_path) if one.state != "waiting"]
    return payloads(tmp_path, clock)


def test_observations_follow_each_other_without_holes(watched: list[Sighting | Observation]) -> None:
    observations = [one for one in watched if isinstance(one, Observation)]
    assert len(observations) == 12
    assert all(one.until_boot_ns == other.from_boot_ns for one, other in pairwise(observations))
    assert observations[-1].until_boot_ns - observations[0].from_boot_ns == 2 * HOUR
    seen = sum(isinstance(one, Sighting) for one in watched)
    assert sum(one.funnel.passes for one in observations) == seen > 30


def test_the_same_person_is_not_recorded_again_within_the_cooldown(watched: list[Sighting | Observation]) -> None:
    ann = [one.at.boot_ns for one in watched if isinstance(one, Sighting) and one.candidate]
    assert min(later - earlier for earlier, later in pairwise(ann)) >= 60 * 10**9


def test_there_are_known_people_strangers_and_doubts(watched: list[Sighting | Observation]) -> None:
    sightings = [one for one in watched if isinstance(one, Sighting)]
    assert {one.outcome for one in sightings} >= {Outcome.MATCH, Outcome.UNKNOWN}
    assert len({one.crop.sha256 for one in sightings if one.crop}) == len(sightings)


def test_crops_are_pictures_and_probes_lie_near_the_template_the_server_gave() -> None:
    faces = Faces(MODEL)
    template = [0.0] * 7 + [1.0]
    given = np.asarray(template, "<f4").tobytes()
    faces.learn(GallerySnapshot(revision=1, model_id="m", dimension=8, people=(GalleryPerson(person=ANN, templates=(given,)),)))
    seen = Passers((ANN,), faces, rate=1, seed=4).pass_at(0, cooldown_ms=0)
    assert seen is not None
    assert seen.candidate is not None
    assert np.frombuffer(seen.probe, "<f4")[7] == pytest.approx(seen.candidate.similarity, abs=1e-3)
    assert decode_image(seen.crop).shape == (150, 120, 3)
    assert 2_000 < len(seen.crop) < 30_000


def test_days_without_a_server_are_several_boots_with_clocks_that_are_wrong() -> None:
    now = real_now()
    boots = boots_until(now, days=30, chance=random.Random(3))  # noqa: S311
    assert len(boots) > 2
    assert len({boot.id for boot in boots}) == len(boots)
    assert (boots[-1].until_ns, boots[0].wall_error_ns) == (now, 0)
    assert all(boot.wall_error_ns < 0 for boot in boots[1:])
    assert all(boot.from_ns > boot.zero_ns for boot in boots)
    readings = [SimulatedClock(boot, Past(boot.from_ns)).reading() for boot in boots]
    assert [one.synchronised for one in readings] == [True] + [False] * (len(boots) - 1)


def test_the_boot_that_goes_on_is_known_again(tmp_path: Path) -> None:
    (boot,) = boots_until(real_now(), days=0, chance=random.Random(3))  # noqa: S311
    keep(boot, tmp_path / "boot.json")
    found = kept_boot(tmp_path / "boot.json")
    assert found is not None
    assert (found.id, found.zero_ns) == (boot.id, boot.zero_ns)
    (tmp_path / "boot.json").write_text("{}")
    assert kept_boot(tmp_path / "boot.json") is None
