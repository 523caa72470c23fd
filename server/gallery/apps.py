from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "server.gallery"
    label = "gallery"
