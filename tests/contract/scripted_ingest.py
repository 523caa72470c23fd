"""What `test_postgresql_15.py` runs beside itself, on another database: one node reports, everything is derived, the end is printed."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tests.factories import FakeNode


def beaten(node: "FakeNode") -> object:
    """The highest record, as the second heartbeat is told."""
    from tests.factories import heartbeat  # noqa: PLC0415

    answers = [node.client.post("/api/v1/node/heartbeat", heartbeat(node), format="json").json() for _ in range(2)]
    return answers[-1]["high_water"]["seq"]


def with_a_new_token(node: "FakeNode") -> object:
    """The generation of the token that the node goes on with."""
    answer = node.client.post("/api/v1/node/token").json()
    node.token = answer["token"]
    return answer["generation"]


def in_a_new_epoch(node: "FakeNode") -> object:
    """The epoch a rolled back node goes on in."""
    asked = {"boot_id": str(node.boot_id), "epoch": 1, "last_seq": 2}
    return node.client.post("/api/v1/node/epoch", asked, format="json").json()["epoch"]


def changed_gallery(node: "FakeNode") -> object:
    """How many came and went since the first gallery, and whether what comes out is the present one."""
    from server.gallery.pipeline import embedder  # noqa: PLC0415
    from server.people.models import Person  # noqa: PLC0415
    from shared_schema.gallery import GalleryDelta, GallerySnapshot  # noqa: PLC0415
    from tests.server.gallery.test_gallery_delta import enrolled  # noqa: PLC0415

    gone, model = enrolled("Grace", seed=1), {"model": embedder().model_id}
    first = GallerySnapshot.model_validate_json(node.client.get("/api/v1/node/gallery", model).content)
    enrolled("Eileen", seed=2)
    Person.objects.filter(pk=gone.pk).update(consent_at=None)
    delta = GalleryDelta.model_validate_json(node.client.get("/api/v1/node/gallery", {**model, "since": str(first.revision)}).content)
    now = GallerySnapshot.model_validate_json(node.client.get("/api/v1/node/gallery", model).content)
    return [len(delta.people), len(delta.gone), delta.applied_to(first) == now]


def main() -> None:
    """Print what is stored after the same batch has come twice."""
    from server.attendance.models import OpenDayRecord  # noqa: PLC0415 (Django is set up first)
    from server.recompute.models import Mark  # noqa: PLC0415
    from server.recompute.services import work_off  # noqa: PLC0415
    from server.sightings.models import Crop, Record  # noqa: PLC0415
    from tests.factories import JPEG, NOON, FakeNode, a_door, a_person, a_site  # noqa: PLC0415

    person, node = a_person("Ann"), FakeNode.hung(a_door(a_site(time_zone="Europe/Berlin")))
    seen = [node.sighting(person=person, at=NOON, crop=JPEG), node.sighting(person=person, at=NOON + timedelta(hours=3))]
    others = [node.observation(), node.gap(), node.crop_shed(b"x", about=1), {"envelope": "none"}]
    first, second = node.send(*seen, *others), node.send(*seen, *others)
    stored = node.put_crop(JPEG).status_code
    day = None
    if work_off() and (record := OpenDayRecord.objects.get()):
        day = [str(record.local_date), record.first_seen.isoformat(), record.last_seen.isoformat(), record.sightings]
    told = {
        "statuses": [receipt["status"] for receipt in first],
        "repeat_is_the_same": first == second,
        "records": Record.objects.count(),
        "crop": [stored, *Crop.objects.values_list("state", flat=True)],
        "open_day": day,
        "marks_left": Mark.objects.count(),
        "node": [asked(node) for asked in (beaten, with_a_new_token, in_a_new_epoch)],
        "gallery": changed_gallery(node),
    }
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    main()
