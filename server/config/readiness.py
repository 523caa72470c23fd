"""What must be there before the server or a worker starts, found out once instead of by every process that would fail."""

from dataclasses import dataclass
from enum import Enum

import django
from django.db import DatabaseError, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from server.config.configuration import ServerConfig, config_path
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import FaceError

INIT = "run `lintel-server init`"


class Lack(Enum):
    """`DATABASE` may come back by itself, the others will not."""

    DATABASE = "database"
    TABLES = "tables"
    FILES = "files"
    MODELS = "models"


@dataclass(frozen=True, slots=True)
class NotReady:
    """What is lacking, and one sentence that says what to do."""

    lack: Lack
    sentence: str


def why_not_ready(config: ServerConfig) -> NotReady | None:
    """The first thing that is lacking."""
    if not (config.data / "static").is_dir():
        return NotReady(Lack.FILES, f"this installation is not complete: {INIT}")
    if unusable := models_unusable(config):
        return NotReady(Lack.MODELS, unusable)
    django.setup()
    try:
        executor = MigrationExecutor(connections["default"])
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        return NotReady(Lack.DATABASE, database_unreachable(error))
    except DatabaseError as error:
        return NotReady(Lack.TABLES, database_unusable(error))
    finally:
        connections.close_all()
    return NotReady(Lack.TABLES, f"the tables are missing or those of an older version: {INIT}") if pending else None


def models_unusable(config: ServerConfig) -> str | None:
    """Why the model set cannot be used; None when it can."""
    try:
        _ = ModelSet.load(config.models.folder).embedder.calibration
    except FaceError as error:
        return f"the model set cannot be used: {error}"
    return None


def database_unreachable(error: Exception) -> str:
    """One line about a database that cannot be reached."""
    return f"the database does not answer: {_first_line(error)}; start PostgreSQL or correct [database] in {config_path()}"


def database_unusable(error: Exception) -> str:
    """One line about a database that answers but has not what is needed."""
    return f"the database cannot be used ({_first_line(error)}): {INIT}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split()) if lines else type(error).__name__
