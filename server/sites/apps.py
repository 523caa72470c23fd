from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "server.sites"
    label = "sites"
