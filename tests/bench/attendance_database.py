"""A database of its own for the sections about attendance, with the crowd of a school in it; gone afterwards.

Django reads its settings once in a process, so these sections run in processes of their own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SIGHTINGS = "sightings_sighting"


def in_own_process(module: str) -> None:
    subprocess.run([sys.executable, "-m", module], check=True)


@contextmanager
def empty_database() -> Iterator[None]:
    """The embedded PostgreSQL with all tables and no rows, for this process."""
    from tests.postgres_plugin import installation  # noqa: PLC0415  (it must configure before Django is set up)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.config.settings")
    try:
        import django  # noqa: PLC0415
        from django.conf import settings  # noqa: PLC0415

        settings.DATABASES["default"]["HOST"] = str(installation.start_postgres())
        settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import connections  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        yield
        connections.close_all()
    finally:
        installation.remove()


@contextmanager
def indexed_afterwards(table: str) -> Iterator[None]:
    """Indexes are made when all rows are there: for millions that is far faster. Those of constraints stay."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute(f"VACUUM ANALYZE {table}")


def times_ms(work: Callable[[], object], *, rounds: int) -> list[float]:
    """How long each round took, after one that is not counted."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e3)
    return taken


def cpu_ms(work: Callable[[], object], *, rounds: int) -> list[float]:
    """How much CPU each round took of this process and of the one that serves it in the database, after a round that is not counted."""
    from django.db import connection  # noqa: PLC0415

    work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        schedule = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    taken = []
    for _ in range(rounds):
        began = time.process_time() * 1e9 + int(schedule.read_text().split()[0])
        work()
        taken.append((time.process_time() * 1e9 + int(schedule.read_text().split()[0]) - began) / 1e6)
    return taken


def told(taken: list[float]) -> str:
    return f"median {np.median(taken):.1f} ms, p95 {np.quantile(taken, 0.95):.1f} ms"
