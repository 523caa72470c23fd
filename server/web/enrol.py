"""Enrol: a new person or more samples, image by image, each with its own answer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import LintelError, NotFound
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.gallery.advice import sample_advice
from server.gallery.services import Added, LooksLike, Upload, sample_add
from server.gallery.templates import sample_rule
from server.people.models import Person, Ruling, Sample, SampleState
from server.people.selectors import people_visible, person_get, sample_get
from server.people.services import person_create, person_update
from server.web.access import Page, no_store
from server.web.forms import EnrolForm, ImagesForm
from shared_schema.face.images import MAX_BYTES

UUID_TEXT = re.compile(r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@dataclass(frozen=True, slots=True)
class ImageResult:
    """What became of one image."""

    name: str
    sample: Sample | None
    message: str
    like: Person | None = None

    @property
    def taken(self) -> bool:
        return self.sample is not None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Somebody enrolled whom an image looks like."""

    person: Person
    sample: Sample | None
    confirmed: bool


class EnrolView(Page):
    """Whoever enrols changes people and samples, so both are asked for, for looking at the form too."""

    resource = Resource.SAMPLES
    get_verb = Verb.CHANGE
    form_class: type[ImagesForm] = ImagesForm

    def scope(self, request: HttpRequest) -> Scope:
        return Scope.NONE if scope_for(request.user, Resource.PEOPLE, Verb.CHANGE) is Scope.NONE else super().scope(request)

    def person(self, request: HttpRequest, uuid: UUID) -> Person:
        try:
            return person_get(people_visible(user=request.user, scope=self.scope(request)), uuid)
        except NotFound as error:
            raise Http404 from error

    def page(
        self,
        request: HttpRequest,
        form: ImagesForm,
        *,
        person: Person | None = None,
        results: Sequence[ImageResult] = (),
        status: int = 200,
    ) -> HttpResponse:
        """The form, what became of the images, and of a person who is there the samples with what would make them better."""
        told: dict[str, object] = {"form": form, "page": "enrol", "results": results, "likenesses": _likenesses(request, results)}
        if person is not None:
            told |= {"person": person, "samples": list(person.samples.all()), "advice": sample_advice(person)}
        return no_store(render(request, "web/enrol.html", told, status=status))


class EnrolPage(EnrolView):
    """A new person. The person is kept when at least one image could be used, or the page says why none could."""

    form_class = EnrolForm

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, EnrolForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EnrolForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(request, form, status=400)
        given = form.cleaned_data
        try:
            person = person_create(values={"name": given["name"], "number": given["number"]}, consent=True, now=timezone.now())
        except (LintelError, ValidationError) as error:
            form.add_error(None, error if isinstance(error, ValidationError) else str(error))
            return self.page(request, form, status=400)
        results = _add(person, given["images"], request)
        if any(result.taken for result in results):
            return self.page(request, _again(), person=person, results=results)
        person.delete()
        return self.page(request, form, results=results, status=422)


class EnrolMorePage(EnrolView):
    """More samples of somebody who is there already."""

    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        found = self.person(request, person)
        form = ImagesForm(initial={"consent": found.consent_at is not None})
        return self.page(request, form, person=found)

    def post(self, request: HttpRequest, person: UUID) -> HttpResponse:
        found = self.person(request, person)
        form = ImagesForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(request, form, person=found, status=400)
        found = person_update(person=found, values={}, consent=True, now=timezone.now())
        results = _add(found, form.cleaned_data["images"], request)
        status = 200 if any(result.taken for result in results) else 422
        return self.page(request, _again(), person=found, results=results, status=status)


class SampleRulePage(EnrolView):
    """Keeps a sample, sets it aside, or leaves it to the rules again, and shows the samples."""

    def post(self, request: HttpRequest, person: UUID, sample: UUID) -> HttpResponse:
        found = self.person(request, person)
        ruling = request.POST.get("ruling", "")
        if ruling not in Ruling.values:
            return HttpResponseBadRequest("Choose what shall become of the sample.")
        try:
            ruled = sample_get(found, sample)
        except NotFound as error:
            raise Http404 from error
        by = request.user if isinstance(request.user, User) else None
        sample_rule(person=found, sample=ruled, ruling=Ruling(ruling), by=by, now=timezone.now())
        return redirect("enrol-more", person=found.uuid)


def _likenesses(request: HttpRequest, results: Iterable[ImageResult]) -> list[Likeness]:
    """Whom the images look like, so that it can be confirmed that they are somebody else. Asked again where it was confirmed before."""
    confirmed = _different_from(request)
    people = {result.like for result in results if result.like} | set(Person.objects.filter(uuid__in=confirmed, templates__isnull=False))
    rows = sorted(people, key=lambda person: (person.name, person.pk))
    return [Likeness(person, person.samples.first(), person.uuid in confirmed) for person in rows]


def _different_from(request: HttpRequest) -> frozenset[UUID]:
    """The people of whom it was confirmed that they are others. What is no id confirms nothing."""
    return frozenset(UUID(text) for text in request.POST.getlist("different_from") if UUID_TEXT.match(text))


def _again() -> ImagesForm:
    return ImagesForm(initial={"consent": True})


def _add(person: Person, images: Iterable[UploadedFile], request: HttpRequest) -> list[ImageResult]:
    by = request.user if isinstance(request.user, User) else None
    different_from = _different_from(request)
    return [_add_one(person, image, by, different_from) for image in images]


def _add_one(person: Person, image: UploadedFile, by: User | None, different_from: frozenset[UUID]) -> ImageResult:
    name = image.name or "image"
    if (image.size or 0) > MAX_BYTES:
        return ImageResult(name, None, f"The image is too large; send at most {MAX_BYTES // 1_000_000} MB.")
    try:
        added = sample_add(person=person, upload=Upload(image.read(), by, different_from=different_from))
    except LooksLike as error:
        return ImageResult(name, None, f"This face is enrolled as {error.person.name} already.", error.person)
    except LintelError as error:
        return ImageResult(name, None, str(error))
    return ImageResult(name, added.sample, _told(added))


def _told(added: Added) -> str:
    if not added.created:
        return "This image was enrolled before."
    if added.sample.state == SampleState.SET_ASIDE:
        return f"Kept, but set aside: {added.sample.get_reason_display()}."
    return "Enrolled."
