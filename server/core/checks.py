"""What must hold before the server starts."""

from collections.abc import Sequence
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from server.core.secrets import Secrets


@register(Tags.database)
def one_driver(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001  (Django's signature)
    """Django prefers psycopg 3 wherever it can be imported, and everything here is tried with psycopg2."""
    if find_spec("psycopg") is None:
        return []
    return [Error("psycopg 3 is installed and Django would silently use it", hint="remove it: pip uninstall psycopg", id="lintel.E001")]


@register(Tags.security, deploy=True)
def secrets_exist(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001  (Django's signature)
    """Without the secrets file every process makes up its own key."""
    if isinstance(settings.LINTEL_SECRETS, Secrets):
        return []
    return [Error("this installation has no secrets yet", hint="run lintel-server init", id="lintel.E002")]
