"""The difference of two galleries, and what it makes of the earlier one."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared_schema.gallery import GalleryDelta, GalleryPerson, GallerySnapshot

PEOPLE = st.dictionaries(st.integers(0, 7), st.lists(st.binary(min_size=4, max_size=8), min_size=1, max_size=2), max_size=8)


def gallery(people: Mapping[int, list[bytes]], *, revision: int = 1, model_id: str = "m", dimension: int = 2) -> GallerySnapshot:
    entries = tuple(GalleryPerson(person=UUID(int=number), templates=tuple(templates)) for number, templates in people.items())
    return GallerySnapshot(revision=revision, model_id=model_id, dimension=dimension, people=entries)


A, B = [b"aaaa"], [b"bbbb"]


@given(before=PEOPLE, now=PEOPLE)
def test_applied_to_the_earlier_gallery_it_makes_the_later_one(before: dict[int, list[bytes]], now: dict[int, list[bytes]]) -> None:
    base, later = gallery(before), gallery(now, revision=2)
    made = GalleryDelta.between(base, later).applied_to(base)
    assert made is not None
    assert (made.revision, made.digest()) == (2, later.digest())
    assert {entry.person: entry.templates for entry in made.people} == {entry.person: entry.templates for entry in later.people}


@given(before=PEOPLE, now=PEOPLE, other=PEOPLE)
def test_applied_to_another_gallery_it_makes_the_later_one_or_nothing(
    before: dict[int, list[bytes]], now: dict[int, list[bytes]], other: dict[int, list[bytes]]
) -> None:
    later = gallery(now, revision=2)
    made = GalleryDelta.between(gallery(before), later).applied_to(gallery(other))
    assert made is None or made.digest() == later.digest()


@given(before=PEOPLE, now=PEOPLE)
def test_it_survives_the_wire(before: dict[int, list[bytes]], now: dict[int, list[bytes]]) -> None:
    delta = GalleryDelta.between(gallery(before), gallery(now, revision=2))
    assert GalleryDelta.model_validate_json(delta.model_dump_json()) == delta


def test_only_what_changed_is_in_it() -> None:
    delta = GalleryDelta.between(gallery({1: A, 2: A, 3: A}), gallery({1: A, 2: B, 4: A}, revision=2))
    assert [entry.person.int for entry in delta.people] == [2, 4]
    assert [person.int for person in delta.gone] == [3]


@pytest.mark.parametrize(
    "wrong", [gallery({1: A}, revision=2), gallery({1: A}, model_id="other"), gallery({1: A}, dimension=3), gallery({1: B}), gallery({})]
)
def test_on_another_base_it_makes_nothing(wrong: GallerySnapshot) -> None:
    delta = GalleryDelta.between(gallery({1: A}), gallery({1: A, 2: A}, revision=3))
    assert delta.applied_to(wrong) is None
    assert delta.applied_to(gallery({1: A})) is not None


def test_one_that_was_tampered_with_makes_nothing() -> None:
    base = gallery({1: A})
    delta = GalleryDelta.between(base, gallery({1: A, 2: A}, revision=2))
    for change in ({"people": ()}, {"gone": (UUID(int=1),)}, {"digest": "0" * 64}):
        assert delta.model_copy(update=change).applied_to(base) is None


def test_who_is_told_to_be_gone_and_was_never_there_does_no_harm() -> None:
    base = gallery({1: A})
    delta = GalleryDelta.between(base, gallery({2: A}, revision=2))
    made = delta.model_copy(update={"gone": (*delta.gone, UUID(int=9))}).applied_to(base)
    assert made is not None
    assert [entry.person.int for entry in made.people] == [2]


def test_the_digest_knows_no_order_but_tells_templates_from_people() -> None:
    assert gallery({1: A, 2: B}).digest() == gallery({2: B, 1: A}).digest()
    different = [{1: A}, {2: A}, {1: B}, {1: [*A, *B]}, {1: [b"aaaabbbb"]}, {1: [*B, *A]}, {}]
    assert len({gallery(people).digest() for people in different}) == len(different)


@pytest.mark.parametrize(
    "change", [{"digest": "x"}, {"base_revision": 0}, {"revision": 2**63}, {"people": [{"person": "x", "templates": []}]}]
)
def test_what_is_no_delta_is_refused(change: dict[str, object]) -> None:
    delta = GalleryDelta.between(gallery({}), gallery({1: A}, revision=2))
    with pytest.raises(ValidationError):
        GalleryDelta.model_validate({**delta.model_dump(mode="json"), **change})
