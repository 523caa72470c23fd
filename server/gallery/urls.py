from django.urls import path

from server.gallery.apis import (
    GalleryConfirmationApi,
    GalleryModelsApi,
    NodeGalleryApi,
    SampleAdviceApi,
    SampleApi,
    SampleCropApi,
    SamplesApi,
)
from server.gallery.check_apis import GalleryCheckApi

urlpatterns = [
    path("people/<uuid:person>/samples", SamplesApi.as_view(), name="samples"),
    path("people/<uuid:person>/samples/advice", SampleAdviceApi.as_view(), name="sample-advice"),
    path("people/<uuid:person>/samples/<uuid:sample>", SampleApi.as_view(), name="sample"),
    path("people/<uuid:person>/samples/<uuid:sample>/crop", SampleCropApi.as_view(), name="sample-crop"),
    path("gallery/check", GalleryCheckApi.as_view(), name="gallery-check"),
    path("gallery/confirmation", GalleryConfirmationApi.as_view(), name="gallery-confirmation"),
    path("gallery/models", GalleryModelsApi.as_view(), name="gallery-models"),
    path("node/gallery", NodeGalleryApi.as_view(), name="node-gallery"),
]
