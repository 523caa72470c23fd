"""Examples for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_SITE, _GROUP, _PERSON, _DOOR = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 5))

SCHEDULE_EXAMPLES = [
    OpenApiExample(
        "a lecture every Monday and Thursday",
        {
            "name": "Mathematics", "kind": "lecture", "site": _SITE, "group": _GROUP, "doors": [_DOOR], "weekdays": [0, 3],
            "begins": "09:00", "ends": "10:30", "valid_from": "2026-09-01", "valid_until": "2026-12-18",
            "terms": {"late_grace_s": 300, "before_s": 900, "after_s": 0},
        },
        request_only=True,
    ),
    OpenApiExample(
        "a night shift with a break, every other week",
        {
            "name": "Night watch", "kind": "shift", "site": _SITE, "group": _GROUP, "weekdays": [0, 1, 2, 3, 4], "every_weeks": 2,
            "begins": "22:00", "ends": "06:00", "breaks": [["01:30", "02:00"]], "valid_from": "2026-09-01",
            "terms": {"mode": "pairs", "exits_expected": True, "half_day_below_s": 14400, "absent_below_s": 3600},
        },
        request_only=True,
    ),
]  # fmt: skip
SCHEDULE_CHANGE_EXAMPLES = [
    OpenApiExample(
        "half an hour later, from the next term on", {"begins": "09:30", "ends": "11:00", "from_day": "2027-01-11"}, request_only=True
    )
]
LECTURE_EXAMPLES = [
    OpenApiExample(
        "a lecture of its own",
        {
            "name": "Guest lecture", "site": _SITE, "group": _GROUP, "begins_at": "2026-11-20T14:00:00+01:00",
            "ends_at": "2026-11-20T15:30:00+01:00", "terms": {"late_grace_s": None},
        },
        request_only=True,
    )
]  # fmt: skip
SESSION_CHANGE_EXAMPLES = [
    OpenApiExample(
        "an hour later", {"begins_at": "2026-11-20T15:00:00+01:00", "ends_at": "2026-11-20T16:30:00+01:00"}, request_only=True
    )
]  # fmt: skip
HOLIDAY_EXAMPLES = [
    OpenApiExample(
        "every site rests", {"site": None, "name": "New Year", "first_day": "2027-01-01", "last_day": "2027-01-01"}, request_only=True
    )
]
LEAVE_EXAMPLES = [
    OpenApiExample(
        "whole days", {"person": _PERSON, "reason": "sick", "first_day": "2026-11-20", "last_day": "2026-11-21"}, request_only=True
    ),
    OpenApiExample(
        "a part of a day",
        {
            "person": _PERSON, "reason": "training", "first_day": "2026-11-20", "last_day": "2026-11-20", "from_time": "09:00",
            "until_time": "12:00",
        },
        request_only=True,
    ),
]  # fmt: skip
AREA_EXAMPLES = [
    OpenApiExample(
        "a server room",
        {"site": _SITE, "name": "Server room", "doors": [_DOOR], "min_gap_s": 30, "auto_close": "after", "max_s": 14400},
        request_only=True,
    )
]
