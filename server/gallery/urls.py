from django.urls import path

from server.gallery.apis import GalleryModelsApi, NodeGalleryApi, SampleApi, SampleCropApi, SamplesApi

urlpatterns = [
    path("people/<uuid:person>/samples", SamplesApi.as_view(), name="samples"),
    path("people/<uuid:person>/samples/<uuid:sample>", SampleApi.as_view(), name="sample"),
    path("people/<uuid:person>/samples/<uuid:sample>/crop", SampleCropApi.as_view(), name="sample-crop"),
    path("gallery/models", GalleryModelsApi.as_view(), name="gallery-models"),
    path("node/gallery", NodeGalleryApi.as_view(), name="node-gallery"),
]
