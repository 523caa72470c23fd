from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "server.core"
    label = "core"

    def ready(self) -> None:
        from server.core import checks  # noqa: F401, PLC0415  (Django registers checks by importing them)
