from pathlib import Path
from uuid import UUID

from edge_client.first_contact import FirstContact

BOOT, OTHER = UUID(int=1), UUID(int=2)


def test_there_is_none_before_it_was_had(tmp_path: Path) -> None:
    assert not FirstContact(tmp_path).was_had(BOOT)


def test_it_was_had_in_this_boot_alone(tmp_path: Path) -> None:
    FirstContact(tmp_path).note(BOOT)
    assert (FirstContact(tmp_path).was_had(BOOT), FirstContact(tmp_path).was_had(OTHER)) == (True, False)


def test_forgotten_it_was_not_had_and_may_be_forgotten_twice(tmp_path: Path) -> None:
    contact = FirstContact(tmp_path)
    contact.note(BOOT)
    contact.forget()
    contact.forget()
    assert not contact.was_had(BOOT)
