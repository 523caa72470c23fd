"""What the worker does for the gallery."""

import time
from contextlib import suppress

from django.utils import timezone

from server.core.errors import Unavailable
from server.gallery import reembed, services
from server.recompute.services import work_off

SLICE_S = 50
"""A scheduled task ends before the next one comes."""


def sweep() -> bool:
    """Let people into the gallery and out of it when their day comes."""
    return services.gallery_sweep(now=timezone.now())


def embed_again() -> int:
    """Embed what waits for the embedder in use, for a while. Attendance does not wait for it. Returns how many people were worked on."""
    end, people = time.monotonic() + SLICE_S, 0
    with suppress(Unavailable):  # it is told where progress is, and the next minute tries again
        while time.monotonic() < end and reembed.person_reembed(now=timezone.now()):
            people += 1
            work_off()
    return people
