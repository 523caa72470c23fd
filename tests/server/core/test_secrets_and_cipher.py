import stat
from pathlib import Path

import pytest

from server.core import secrets
from server.core.cipher import PROBE, TEMPLATE, Cipher, CipherError
from server.core.secrets import Secrets, SecretsError


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert secrets.create_if_absent(folder)
    made = secrets.read(folder)
    assert not secrets.create_if_absent(folder)
    assert secrets.read(folder) == made
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secrets.json"]


def test_no_secrets_are_none(tmp_path: Path) -> None:
    assert secrets.read(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"django_secret_key": "x", "seal_private_key": "AAAA", "data_key": "", "token_key": ""}']
)
def test_damaged_secrets_are_never_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(SecretsError, match="restore it from the backup"):
        secrets.create_if_absent(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == text


def test_secrets_do_not_show_themselves() -> None:
    made = Secrets.generate()
    assert made.django_secret_key not in repr(made)


def test_a_bearer_is_a_function_of_node_and_generation() -> None:
    made = Secrets.generate()
    assert made.bearer("a", 1) == made.bearer("a", 1)
    assert len({made.bearer("a", 1), made.bearer("a", 2), made.bearer("b", 1), Secrets.generate().bearer("a", 1)}) == 4


def test_what_was_encrypted_opens_for_its_purpose_alone() -> None:
    cipher = Cipher(bytes(32))
    stored = cipher.encrypt(b"vector", purpose=PROBE)
    assert b"vector" not in stored
    assert cipher.decrypt(memoryview(stored), purpose=PROBE) == b"vector"
    for other, purpose, data in (
        (cipher, TEMPLATE, stored),
        (Cipher(bytes(31) + b"x"), PROBE, stored),
        (cipher, PROBE, stored[:-1]),
        (cipher, PROBE, b""),
    ):
        with pytest.raises(CipherError):
            other.decrypt(data, purpose=purpose)


def test_the_same_bytes_are_never_encrypted_alike() -> None:
    cipher = Cipher(bytes(32))
    assert cipher.encrypt(b"a", purpose=PROBE) != cipher.encrypt(b"a", purpose=PROBE)
