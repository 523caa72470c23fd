"""Signing in, tokens and the first account."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from string import ascii_letters, digits

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest

from server.accounts.models import ApiToken, SignInFailures, User
from server.core.errors import Conflict, LintelError, Unavailable
from server.core.roles import Role

MAX_FAILURES = 5
LOCK_SECONDS = 30
FORGET_AFTER = timedelta(days=1)
TOKEN_BYTES = 32
PASSWORD_LETTERS = 20


class SignInRefused(LintelError):  # noqa: N818 (a sentence, like the rest of the tree)
    """Name or password is wrong; which of them is not said."""

    status = 401
    title = "Not signed in"


class SignInLocked(Unavailable):
    """Too many wrong passwords in a row."""

    status = 429
    title = "Too many tries"


@dataclass(frozen=True, slots=True, repr=False)
class NewAdmin:
    """An account and its password, which is shown once and kept nowhere."""

    username: str
    password: str


def sign_in(*, username: str, password: str, now: datetime, request: HttpRequest | None = None) -> User:
    """The account of a name and password. Raises SignInRefused, or SignInLocked after five wrong passwords in a row."""
    name = sha256(username.strip().lower().encode()).hexdigest()
    with transaction.atomic():
        _one_at_a_time(name)
        wait_s = _locked_for(name, now)
        user = None if wait_s else authenticate(request, username=username, password=password)
        if isinstance(user, User):
            SignInFailures.objects.filter(name_sha256=name).delete()
            return user
        if not wait_s:
            wait_s = _count_failure(name, now)
    if wait_s:
        raise SignInLocked("too_many_tries", f"Too many wrong passwords; try again in {wait_s} seconds.", retry_after_s=wait_s)
    raise SignInRefused("invalid_credentials", "The name or the password is wrong.")


def _one_at_a_time(name: str) -> None:
    """Tries for one name wait for each other, so that many at once do not outrun the count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(name[:15], 16)])


def _locked_for(name: str, now: datetime) -> int:
    """Seconds left of the lock, rounded up; 0 when there is none."""
    row = SignInFailures.objects.filter(name_sha256=name, locked_until__gt=now).first()
    return 0 if row is None or row.locked_until is None else int((row.locked_until - now).total_seconds()) + 1


def _count_failure(name: str, now: datetime) -> int:
    SignInFailures.objects.filter(last_at__lt=now - FORGET_AFTER).delete()
    row = SignInFailures.objects.filter(name_sha256=name).first() or SignInFailures(name_sha256=name)
    row.failures += 1
    row.last_at = now
    row.locked_until = None
    if row.failures >= MAX_FAILURES:
        row.failures = 0
        row.locked_until = now + timedelta(seconds=LOCK_SECONDS)
    row.save()
    return LOCK_SECONDS if row.locked_until else 0


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def token_create(*, user: User, name: str, now: datetime) -> str:
    """A new token for the API. It is returned once; only its hash is kept."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ApiToken.objects.create(user=user, name=name, token_sha256=token_hash(token), created_at=now)
    return token


def token_revoke(*, token: ApiToken, now: datetime) -> None:
    """The token is refused from now on. Revoking again changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)


def admin_create(*, username: str) -> NewAdmin:
    """An account that may do everything, with a random password. Raises Conflict when the name is taken."""
    if User.objects.filter(username__iexact=username).exists():
        raise Conflict("name_taken", f"there is an account {username} already; it is not changed. Choose another name.")
    user = User(username=username, role=Role.ADMIN.value, is_staff=True, is_superuser=True)
    password = "".join(secrets.choice(ascii_letters + digits) for _ in range(PASSWORD_LETTERS))
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise Conflict("name_taken", f"there is an account {username} already; it is not changed. Choose another name.") from error
    return NewAdmin(username, password)
