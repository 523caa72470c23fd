from django.apps import AppConfig


class RecomputeConfig(AppConfig):
    name = "server.recompute"
    label = "recompute"
