import json
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from server.accounts.models import User

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_admin", *arguments, stdout=out)
    return out.getvalue()


def test_the_password_is_random_printed_once_and_works() -> None:
    made = json.loads(run("--username", "ada", "--json"))
    assert made.keys() == {"username", "password"}
    assert len(made["password"]) >= 20
    user = authenticate(username="ada", password=made["password"])
    assert isinstance(user, User)
    assert (user.role, user.is_staff, user.is_superuser) == ("admin", True, True)


def test_two_accounts_get_different_passwords() -> None:
    passwords = {json.loads(run("--username", name, "--json"))["password"] for name in ("ada", "grace")}
    assert len(passwords) == 2
    assert all(password.isalnum() for password in passwords)


def test_without_json_it_is_a_sentence() -> None:
    assert run("--username", "ada").startswith("ada may sign in with the password ")


@pytest.mark.parametrize("name", ["ada", "ADA"])
def test_an_existing_account_is_never_overwritten(name: str) -> None:
    run("--username", "ada")
    before = User.objects.get().password
    with pytest.raises(CommandError, match="is not changed"):
        run("--username", name)
    assert User.objects.get().password == before


@pytest.mark.parametrize("name", ["", "with space", "x" * 151])
def test_a_name_that_cannot_be_one_is_refused_in_plain_words(name: str) -> None:
    with pytest.raises(CommandError, match="cannot be a name"):
        run("--username", name)
    assert not User.objects.exists()
