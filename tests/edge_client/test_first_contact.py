from pathlib import Path
from uuid import UUID

from edge_client.first_contact import FirstContact
from shared_schema.clock import Exchange

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


def exchange(*, sent_s: int, received_s: int, server_s: int) -> Exchange:
    return Exchange(boot_id=BOOT, sent_boot_ns=sent_s * 10**9, received_boot_ns=received_s * 10**9, server_ns=server_s * 10**9)


def test_with_it_the_servers_time_is_known_in_this_boot_alone(tmp_path: Path) -> None:
    contact = FirstContact(tmp_path)
    contact.note(BOOT, exchange(sent_s=100, received_s=104, server_s=1_000_000))
    offset = contact.time_offset_ns(BOOT)
    assert offset == (1_000_000 - 102) * 10**9
    assert contact.time_offset_ns(OTHER) is None


def test_a_later_contact_replaces_the_time(tmp_path: Path) -> None:
    contact = FirstContact(tmp_path)
    contact.note(BOOT, exchange(sent_s=100, received_s=104, server_s=1_000_000))
    contact.note(BOOT, exchange(sent_s=200, received_s=200, server_s=1_000_100))
    assert contact.time_offset_ns(BOOT) == (1_000_100 - 200) * 10**9


def test_what_is_left_there_by_something_else_is_no_contact(tmp_path: Path) -> None:
    for text in ("", str(BOOT), "{", '{"boot_id": 7}'):
        (tmp_path / "contact").write_text(text, encoding="ascii")
        assert (FirstContact(tmp_path).was_had(BOOT), FirstContact(tmp_path).time_offset_ns(BOOT)) == (False, None)
