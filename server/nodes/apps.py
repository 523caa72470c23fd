from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "server.nodes"
    label = "nodes"

    def ready(self) -> None:
        from server.nodes import schema  # noqa: F401, PLC0415  (the schema finds its extensions by their being imported)
