"""What would make a person's template better, in sentences for whoever enrols."""

from dataclasses import dataclass

from server.gallery.cross_risk import CrossRisk, cross_risks
from server.gallery.pipeline import embedder
from server.gallery.templates import rows_of
from server.people import samples
from server.people.models import Person, Sample, SampleState
from shared_schema.face.coverage import ADVICE, NOT_TOLD, Aspect, Coverage, View, coverage
from shared_schema.face.hygiene import disagree

DISAGREE = "add a third: the two samples are so unlike that one may be somebody else, and only a third can tell which"
NOT_MEASURED = (
    "some samples are from before views were measured, so turns and light are not judged; a new sample from each side cannot hurt"
)


@dataclass(frozen=True, slots=True)
class SampleAdvice:
    """What the samples in use cover and miss, what to do, and whom the person may be taken for."""

    samples: int
    covered: tuple[Aspect, ...]
    missing: tuple[Aspect, ...]
    advice: tuple[str, ...]
    not_told: tuple[str, ...]
    disagree: bool
    cross_risks: tuple[CrossRisk, ...]


def sample_advice(person: Person) -> SampleAdvice:
    """Advice on the samples that make the template now."""
    active = list(person.samples.filter(state=SampleState.ACTIVE))
    covered, measured = _coverage(active)
    contradict = _disagree(person)
    sentences = [DISAGREE] if contradict else []
    sentences += [ADVICE[aspect] for aspect in covered.missing if not (contradict and aspect is Aspect.ENOUGH)]
    sentences += [] if measured else [NOT_MEASURED]
    return SampleAdvice(len(active), covered.covered, covered.missing, tuple(sentences), NOT_TOLD, contradict, cross_risks(person))


def _coverage(active: list[Sample]) -> tuple[Coverage, bool]:
    """What they cover, and whether all of them could be judged; of what could not, only the number counts."""
    views = [view for view in map(_view, active) if view is not None]
    found = coverage(views)
    if len(views) == len(active):
        return found, True
    enough = coverage([View(0, 0, 0, 0)] * len(active))
    known = Aspect.ENOUGH in enough.covered
    covered = (*((Aspect.ENOUGH,) if known else ()), *(aspect for aspect in found.covered if aspect is not Aspect.ENOUGH))
    return Coverage(len(active), covered, () if known else (Aspect.ENOUGH,)), False


def _view(sample: Sample) -> View | None:
    if sample.yaw is None or sample.brightness is None or sample.sharpness is None:
        return None
    return View(sample.yaw, sample.brightness, sample.sharpness, sample.face_px)


def _disagree(person: Person) -> bool:
    model = embedder()
    own = samples.samples_of(person, model.model_id, model.dimension)
    active = [one for one in own if one.sample.state == SampleState.ACTIVE and one.embedding is not None]
    return len(active) == 2 and disagree(rows_of(active), min_own_similarity=model.calibration.min_own_similarity)
