"""Fetches the one file that an entry of the registry pins. It follows no redirect and reads no more than a model may have."""

import http.client
import urllib.error
import urllib.request
from typing import IO, Final
from urllib.parse import quote, urlsplit

from shared_schema.face.source import RepositorySource
from shared_schema.face.types import FaceError

PUBLIC: Final = "https://raw.githubusercontent.com"
"""Serves the files of public repositories by repository, commit and path."""
MAX_BYTES: Final = 200_000_000
TIMEOUT_S: Final = 30.0
"""For connecting and for each read."""
_CHUNK_BYTES: Final = 1 << 20


def download(source: RepositorySource, *, base: str = PUBLIC, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of the pinned file, not checked yet.

    FaceError: not_https, redirected, not_there, too_large, truncated, unreachable.
    """
    address = f"{base}/{source.repository}/{source.commit}/{quote(source.path)}"
    _require_https(base)
    request = urllib.request.Request(address, headers={"Accept-Encoding": "identity"})  # noqa: S310 (https is required above)
    try:
        with urllib.request.build_opener(_NoRedirect()).open(request, timeout=TIMEOUT_S) as answer:
            return _read(answer, address, max_bytes)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(address, error) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise FaceError(
            "unreachable", f"{address} cannot be fetched ({reason}); check the network, or fetch it elsewhere and give it with --from FILE"
        ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The address is pinned; whoever points elsewhere is not believed."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        return None


def _refusal(address: str, error: urllib.error.HTTPError) -> FaceError:
    elsewhere = "get the file elsewhere and give it with --from FILE"
    if 300 <= error.code < 400:
        to = urlsplit(error.headers.get("Location", "")).netloc or "another address"
        return FaceError("redirected", f"{address} points to {to}, which is not followed; {elsewhere}")
    return FaceError("not_there", f"{address} answers {error.code}; {elsewhere}")


def _require_https(base: str) -> None:
    """Only this machine may answer in the clear."""
    address = urlsplit(base)
    if address.scheme != "https" and address.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise FaceError("not_https", f"{base} is not https; models are fetched over https alone")


def _read(answer: http.client.HTTPResponse, address: str, max_bytes: int) -> bytes:
    wanted = answer.headers.get("Content-Length")
    content = bytearray()
    while chunk := answer.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > max_bytes:
            raise FaceError("too_large", f"{address} has more than {max_bytes / 1e6:.0f} MB; that is no model this registry knows")
    if wanted is not None and wanted.isdecimal() and len(content) != int(wanted):
        raise FaceError("truncated", f"{address} broke off after {len(content)} of {wanted} bytes; try again")
    return bytes(content)
