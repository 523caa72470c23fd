from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "server.web"
    label = "web"

    def ready(self) -> None:
        from django.contrib import admin  # noqa: PLC0415  (needs the apps to be ready)

        admin.site.site_header = admin.site.site_title = "Lintel administration"
        admin.site.index_title = "Everything there is"
