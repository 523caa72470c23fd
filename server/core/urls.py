from django.urls import path

from server.core.apis import HealthApi

urlpatterns = [path("health", HealthApi.as_view(), name="health")]
