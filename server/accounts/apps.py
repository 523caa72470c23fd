from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "server.accounts"
    label = "accounts"

    def ready(self) -> None:
        from server.accounts import schema  # noqa: F401, PLC0415  (registers itself; needs the REST framework to be ready)
