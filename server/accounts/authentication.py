"""`Authorization: Token …` names an account; `request.auth` is then the ApiToken."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from server.accounts.models import ApiToken, User
from server.accounts.services import token_hash

SCHEME = b"token"
USE_NOTED_EVERY = timedelta(minutes=1)


class ApiTokenAuthentication(BaseAuthentication):
    """Unknown and revoked tokens are refused with 401, as are those of accounts that are switched off."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME:
            return None
        found = ApiToken.objects.select_related("user").filter(token_sha256=token_hash(text.strip().decode("latin-1"))).first()
        if found is None or found.revoked_at is not None or not found.user.is_active:
            raise AuthenticationFailed("This token is not valid; sign in again.", code="unknown_token")
        _note_use(found)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
