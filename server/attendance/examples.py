"""Answers as the description of the API shows them."""

from drf_spectacular.utils import OpenApiExample

_SITE = {"id": "5b1f0b55-8d8b-4d0c-9d25-8a9f5b2f6a10", "name": "Main building"}
_PERSON = {"id": "7d1e4f5a-3f43-4f5e-9c7e-2f6b1c0f3a11", "name": "Ann"}
RECORD_EXAMPLE = OpenApiExample(
    "Late, but not certainly",
    response_only=True,
    media_type="application/json",
    value={
        "id": "c2b1a7de-90b8-4c0e-8c0a-7f5a0c1d2e33",
        "person": _PERSON,
        "session": {
            "id": "0b9d3a52-8a3e-4b57-8f7b-5a1d9a7f2c22",
            "name": "Algebra",
            "kind": "lecture",
            "group": {"id": "3d5a4e0e-2f6b-4a54-b5d1-0a9d8c7b6f55", "name": "Course A"},
            "site": _SITE,
            "begins_at": "2026-11-20T08:00:00Z",
            "ends_at": "2026-11-20T09:30:00Z",
        },
        "date": "2026-11-20",
        "state": "present",
        "decided": True,
        "late_by_s": 720,
        "late_uncertain": True,
        "left_early_by_s": None,
        "early_uncertain": False,
        "half_day": False,
        "worked_s": 4680,
        "first_in": "2026-11-20T08:12:00Z",
        "last_out": "2026-11-20T09:31:00Z",
        "method": "face",
        "excuse": "",
        "note": "",
        "problems": [],
        "version": 2,
        "changed_at": "2026-11-20T09:36:04.120000Z",
        "gone": False,
    },
)
VISIT_EXAMPLE = OpenApiExample(
    "Not seen leaving",
    response_only=True,
    media_type="application/json",
    value={
        "id": "9a7c3f1e-5c66-4e0a-9d52-4b8f2a1d0c44",
        "person": _PERSON,
        "area": {"id": "e6d2c1b0-1a2b-4c3d-8e4f-5a6b7c8d9e66", "name": "Server room", "site": _SITE},
        "date": "2026-11-20",
        "state": "open",
        "entered_at": "2026-11-20T13:05:00Z",
        "left_at": None,
        "duration_s": None,
        "problems": ["no_exit"],
        "version": 1,
        "changed_at": "2026-11-20T13:06:10.480000Z",
        "gone": False,
    },
)
