from django.apps import AppConfig


class SightingsConfig(AppConfig):
    name = "server.sightings"
    label = "sightings"
