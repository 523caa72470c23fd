from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "server.nodes"
    label = "nodes"
