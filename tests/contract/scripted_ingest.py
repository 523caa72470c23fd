"""What `test_postgresql_15.py` runs beside itself, on another database: one node reports, everything is derived, the end is printed."""

import json
from datetime import timedelta

import django


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
    }
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    main()
