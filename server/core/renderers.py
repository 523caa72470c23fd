"""What answers are made of."""

from rest_framework.renderers import JSONRenderer


class JpegRenderer(JSONRenderer):
    """Lets callers ask for `image/jpeg`. The image itself is sent as it is; only a refusal is rendered, as a problem in JSON."""

    media_type = "image/jpeg"
    format = "jpg"


IMAGE = (JSONRenderer, JpegRenderer)
"""For views that answer with an image or a problem."""

PRIVATE_IMAGE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of an image that shows a person: nobody on the way keeps it, nor does the browser."""
