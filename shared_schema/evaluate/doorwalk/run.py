"""Runs the benchmark: casts, enrols, plays every clip on two processes, and counts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from shared_schema.doorway import DoorPolicy, policy_of
from shared_schema.evaluate.doorwalk.cast import Candidate, Member, candidates, pair_up, person_id, prepare, read
from shared_schema.evaluate.doorwalk.clip import Walker
from shared_schema.evaluate.doorwalk.plan import TOGETHER_SHARE, plan_clip
from shared_schema.evaluate.doorwalk.play import WitnessPipeline, play
from shared_schema.evaluate.doorwalk.render import Film
from shared_schema.evaluate.doorwalk.sprite import cut_out
from shared_schema.evaluate.doorwalk.tally import ClipResult, Report, report_of, results_of
from shared_schema.evaluate.doorwalk.trace import trace_lines
from shared_schema.evaluate.doorwalk.workers import mapped
from shared_schema.evaluate.identify import by_person
from shared_schema.evaluate.lfw import Errata, list_images, read_labels
from shared_schema.face.enrol import make_template
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.types import FaceError
from shared_schema.ids import PersonId
from shared_schema.node import NodeSettings

Watched = tuple[ClipResult, tuple[str, ...]]
"""What came of a clip, and its trace."""


@dataclass(frozen=True, slots=True)
class DoorwalkTask:
    """`gallery` people are enrolled with `samples` images each and walk up once; so do `strangers` others. `trace`: a line per walk."""

    images: Path
    gallery: int
    samples: int
    strangers: int
    seed: int = 0
    errata: Path | None = None
    labels: Path | None = None
    models: Path | None = None
    trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """What every clip is shown to."""

    folder: Path
    models: Path | None
    gallery: Gallery
    policy: DoorPolicy
    names: dict[PersonId, str]
    seed: int


def evaluate_doorwalk(task: DoorwalkTask) -> Report:
    """Make the clips, show them to the doorway of the default settings with PAD off, and report. The same task gives the same counts."""
    _check(task)
    labels = read_labels(task.labels) if task.labels else {}
    enrolled, strangers = _cast(task)
    walkers = [member.walker for member in (*enrolled, *strangers)]
    door = _door(task, enrolled)
    clips = pair_up(walkers, TOGETHER_SHARE, task.seed)
    watched = list(mapped(partial(_watcher, door), clips))
    if task.trace is not None:
        _write(task.trace, (line for _, lines in watched for line in lines))
    report = report_of([result for result, _ in watched], labels)
    report |= {"gallery": task.gallery, "samples": task.samples, "samples_refused": sum(member.refused for member in enrolled)}
    return report | {"clips": len(clips), "seed": task.seed, "model_id": door.gallery.model_id}


def _check(task: DoorwalkTask) -> None:
    if min(task.gallery, task.samples, task.strangers) < 1:
        raise FaceError("bad_setting", "--gallery, --samples and --strangers are at least 1")
    if task.seed < 0:
        raise FaceError("bad_setting", "--seed is at least 0")
    ModelSet.load(task.models)  # a bad model set is reported here, once, and not by every process
    if task.trace is not None:
        _write(task.trace, ())  # now rather than after all the walks


def _cast(task: DoorwalkTask) -> tuple[list[Member], list[Member]]:
    """The people who are enrolled and the strangers, in the order in which they were drawn."""
    errata = Errata.read(task.errata) if task.errata else Errata()
    people = by_person(list_images(task.images), errata)
    able, everybody = candidates(people, task.gallery, task.samples, task.seed)
    work = partial(_preparer, task.images, task.models)
    enrolled = _first(task.gallery, mapped(work, able))
    if len(enrolled) < task.gallery:
        raise FaceError(
            "too_few_people",
            f"of the {len(able)} people with enough images only {len(enrolled)} could be enrolled and walk with others; "
            "ask for a smaller --gallery or fewer --samples",
        )
    known = {member.walker.name for member in enrolled}
    others = [candidate for candidate in everybody if candidate.name not in known]
    strangers = _first(task.strangers, mapped(work, others))
    if len(strangers) < task.strangers:
        raise FaceError(
            "too_few_people",
            f"beside the {task.gallery} enrolled people only {len(strangers)} others have an image to walk with; ask for fewer --strangers",
        )
    return enrolled, strangers


def _first(count: int, members: Iterable[Member | None]) -> list[Member]:
    return list(islice((member for member in members if member is not None), count))


def _door(task: DoorwalkTask, enrolled: list[Member]) -> Door:
    """A door with everybody's template and the policy of the default settings."""
    embedder = ModelSet.load(task.models).embedder
    templates = {}
    for member in enrolled:
        template, _ = make_template(member.samples, min_own_similarity=embedder.calibration.min_own_similarity)
        templates[person_id(member.walker.name)] = np.asarray(template[np.newaxis])
    gallery = Gallery.build(model_id=embedder.model_id, revision=1, people=templates)
    policy = policy_of(NodeSettings(pad="off"), embedder.calibration, gallery.size)
    names = {person_id(member.walker.name): member.walker.name for member in enrolled}
    return Door(task.images, task.models, gallery, policy, names, task.seed)


def _preparer(folder: Path, models: Path | None) -> Callable[[Candidate], Member | None]:
    return partial(prepare, WitnessPipeline(ModelSet.load(models)), folder)


def _watcher(door: Door) -> Callable[[tuple[Walker, ...]], Watched]:
    return partial(_watch, door, WitnessPipeline(ModelSet.load(door.models)))


def _watch(door: Door, pipeline: WitnessPipeline, walkers: tuple[Walker, ...]) -> Watched:
    """Show one clip, spoiled and, when somebody in it is enrolled, clean."""
    clip = plan_clip(walkers, door.seed)
    sprites = [[cut_out(read(door.folder, one.image), one.face) for one in walker.portraits] for walker in walkers]
    played = play(Film(clip, sprites, spoiled=True), clip, pipeline, door.gallery, door.policy)
    clean = None
    if any(walker.enrolled for walker in walkers):
        clean = play(Film(clip, sprites, spoiled=False), clip, pipeline, door.gallery, door.policy)
    result = results_of(clip, played, clean, door.names)
    return result, tuple(trace_lines(clip, played, result, door.names))


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise FaceError("bad_file", f"cannot write {path}: {error.strerror}") from error
