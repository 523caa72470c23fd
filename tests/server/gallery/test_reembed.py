from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from server.core import objects
from server.core.errors import Unavailable
from server.gallery import reembed, tasks
from server.gallery.models import GalleryModel, SampleRefusal, Template
from server.gallery.pipeline import embedder
from server.gallery.reembed import person_reembed
from server.gallery.reembed_progress import model_progress
from server.gallery.selectors import gallery_revision
from server.gallery.services import Upload, sample_add, sample_delete
from server.people.models import Person, SampleEmbedding
from server.people.services import person_update
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.match import Gallery
from shared_schema.face.types import FaceError
from shared_schema.gallery import GallerySnapshot
from tests.factories import FakeNode
from tests.factories_people import collins, hopper, jpeg, make_person
from tests.server.gallery.other_model import DIMENSION, enrolled, fetch, other_set, use, work_through

__all__ = ["other_set"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def grace() -> Person:
    return enrolled("Grace Hopper", jpeg(hopper()))


@pytest.fixture
def eileen() -> Person:
    return enrolled("Eileen Collins", jpeg(collins()))


def test_a_new_model_embeds_everybody_and_is_served_once_all_are_done(
    grace: Person, eileen: Person, settings: Settings, other_set: Path
) -> None:
    old, node = embedder().model_id, FakeNode.hung()
    assert fetch(node, old).status_code == 200
    use(settings, other_set)
    new = embedder().model_id
    assert person_reembed(now=timezone.now())
    early = fetch(node, new)
    assert (early.status_code, early.json()["code"]) == (409, "gallery_not_ready")
    assert model_progress(now=timezone.now()).waiting == 1
    work_through()
    before = gallery_revision()
    found = GallerySnapshot.model_validate_json(fetch(node, new).content)
    assert (found.model_id, found.dimension, found.revision) == (new, DIMENSION, before)
    assert set(Gallery.from_snapshot(found, model_id=new).people) == {grace.uuid, eileen.uuid}


def test_the_last_sample_raises_the_revision_so_that_nodes_ask_again(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    assert person_reembed(now=timezone.now())
    before = gallery_revision()
    assert not person_reembed(now=timezone.now())
    assert gallery_revision() == before + 1
    assert not person_reembed(now=timezone.now())
    assert gallery_revision() == before + 1


def test_doing_it_again_changes_nothing(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    assert work_through() == 1
    before = (list(SampleEmbedding.objects.values()), list(Template.objects.values()), gallery_revision())
    assert work_through() == 0
    assert (list(SampleEmbedding.objects.values()), list(Template.objects.values()), gallery_revision()) == before


def test_work_that_was_killed_in_the_middle_leaves_nothing_half_and_is_found_again(
    grace: Person, settings: Settings, other_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, other_set)

    class Killed(BaseException):
        pass

    def dies(**_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(reembed, "template_rebuild", dies)
        with pytest.raises(Killed):
            person_reembed(now=timezone.now())
    assert not SampleEmbedding.objects.filter(model_id=embedder().model_id).exists()
    assert model_progress(now=timezone.now()).state == "building"
    assert work_through() == 1
    assert model_progress(now=timezone.now()).state == "served"


def test_a_sample_the_new_pipeline_cannot_use_is_set_aside_for_it_alone_with_the_reason(
    grace: Person, eileen: Person, settings: Settings, other_set: Path
) -> None:
    old = embedder().model_id
    objects.current().delete(grace.samples.get().object_key)
    use(settings, other_set)
    work_through()
    refusal = SampleRefusal.objects.get()
    assert (refusal.sample, refusal.code) == (grace.samples.get(), "object_missing")
    assert "add the sample again" in refusal.reason
    progress = model_progress(now=timezone.now())
    assert (progress.state, progress.samples, progress.embedded, progress.refused, progress.waiting) == ("served", 2, 1, 1, 0)
    assert [template.person for template in Template.objects.filter(model_id=embedder().model_id)] == [eileen]
    assert Template.objects.filter(model_id=old).count() == 2


def test_a_picture_without_a_face_for_the_new_pipeline_is_refused_by_its_code(
    grace: Person, settings: Settings, other_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sees_nobody(*_: object) -> None:
        raise FaceError("no_face", "no face was found")

    monkeypatch.setattr(reembed, "look_at_sample", sees_nobody)
    use(settings, other_set)
    work_through()
    assert SampleRefusal.objects.get().code == "no_face"
    assert reembed.refusals_forget(embedder().model_id) == 1
    monkeypatch.undo()
    assert work_through() == 1
    assert model_progress(now=timezone.now()).refused == 0


def test_an_image_that_breaks_the_pipeline_does_not_stop_all_the_others(
    grace: Person, eileen: Person, settings: Settings, other_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter((True, False))

    def breaks_once(pipeline: Any, image: Any) -> Any:
        if next(calls):
            raise RuntimeError("a fault of a library")
        return look_at_sample(pipeline, image)

    monkeypatch.setattr(reembed, "look_at_sample", breaks_once)
    use(settings, other_set)
    work_through()
    refusal = SampleRefusal.objects.get()
    assert (refusal.sample.person, refusal.code) == (grace, "failed")
    assert Template.objects.get(model_id=embedder().model_id).person == eileen


def test_whoever_has_withdrawn_the_consent_is_not_embedded_until_it_is_given_again(
    grace: Person, settings: Settings, other_set: Path
) -> None:
    person_update(person=grace, values={}, consent=False, now=timezone.now())
    use(settings, other_set)
    assert work_through() == 0
    assert model_progress(now=timezone.now()).state == "served"
    assert not SampleEmbedding.objects.filter(model_id=embedder().model_id).exists()
    person_update(person=grace, values={}, consent=True, now=timezone.now())
    assert work_through() == 1
    assert Template.objects.filter(model_id=embedder().model_id).get().person == grace


@pytest.mark.parametrize("field", ["erased_at", "merged_into"])
def test_whoever_is_erased_or_merged_is_not_embedded(grace: Person, settings: Settings, other_set: Path, field: str) -> None:
    gone = timezone.now() if field == "erased_at" else make_person("Rear Admiral")
    Person.objects.filter(pk=grace.pk).update(**{field: gone})
    use(settings, other_set)
    assert work_through() == 0
    assert not SampleEmbedding.objects.filter(model_id=embedder().model_id).exists()


def test_nobody_is_enrolled_while_not_everybody_can_be_compared(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    person = make_person("Eileen Collins")
    with pytest.raises(Unavailable, match="embedded"):
        sample_add(person=person, upload=Upload(jpeg(collins()), None, accept_likeness=True))
    assert not person.samples.exists()
    work_through()
    assert sample_add(person=person, upload=Upload(jpeg(collins()), None, accept_likeness=True)).created


def test_a_storage_that_does_not_answer_stops_the_work_and_is_told(
    grace: Person, settings: Settings, other_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> bytes:
        raise Unavailable("objects_unavailable", "The object storage does not answer.")

    use(settings, other_set)
    with monkeypatch.context() as patch:
        patch.setattr("server.people.samples.open_object", silent)
        with pytest.raises(Unavailable):
            person_reembed(now=timezone.now())
        assert tasks.embed_again() == 0
    assert "storage" in model_progress(now=timezone.now()).error
    assert not SampleRefusal.objects.exists()
    work_through()
    assert model_progress(now=timezone.now()).error == ""


def test_a_removed_sample_leaves_the_templates_of_every_model(grace: Person, settings: Settings, other_set: Path) -> None:
    old = embedder().model_id
    sample_add(person=grace, upload=Upload(jpeg(hopper()[:, ::-1]), None))
    use(settings, other_set)
    work_through()
    before = bytes(Template.objects.get(model_id=old).ciphertext)
    first, second = grace.samples.order_by("id")
    sample_delete(person=grace, sample=first)
    kept = Template.objects.get(model_id=old)
    assert (kept.samples, bytes(kept.ciphertext) == before) == (1, False)
    sample_delete(person=grace, sample=second)
    assert not Template.objects.exists()


def test_the_scheduled_task_works_everybody_off(grace: Person, eileen: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    assert tasks.embed_again() == 2
    assert tasks.embed_again() == 0
    assert GalleryModel.objects.get(model_id=embedder().model_id).completed_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_have_the_same_person_in_hand(settings: Settings, other_set: Path) -> None:
    grace, eileen = enrolled("Grace Hopper", jpeg(hopper())), enrolled("Eileen Collins", jpeg(collins()))
    use(settings, other_set)
    leased, done = Event(), Event()

    def other_worker() -> None:
        try:
            with transaction.atomic():
                Person.objects.select_for_update().get(pk=grace.pk)
                leased.set()
                done.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(other_worker)
        assert leased.wait(30)
        try:
            assert work_through() == 1
            assert Template.objects.get(model_id=embedder().model_id).person == eileen
            assert model_progress(now=timezone.now()).state == "building"
        finally:
            done.set()
        holding.result(30)
    assert work_through() == 1
    assert model_progress(now=timezone.now()).state == "served"
