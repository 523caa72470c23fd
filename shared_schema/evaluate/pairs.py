"""Verification: are two images the same person? The protocol of LFW's `pairs.txt`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.lfw import Errata, Pair, check_folder, read_labels, read_pairs
from shared_schema.evaluate.rates import Flags, Similarities, bar_at_rate, cosine, folded_accuracy, true_accept_rate
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import FaceError

Report = dict[str, object]
"""What `--json` prints."""


@dataclass(frozen=True, slots=True)
class PairsTask:
    """What is to be measured."""

    images: Path
    pairs: Path
    errata: Path | None = None
    labels: Path | None = None
    all_pairs: bool = False
    models: Path | None = None


@dataclass(frozen=True, slots=True)
class PairsResult:
    """The report, and the similarities it comes from for a plot."""

    report: Report
    genuine: Similarities
    impostors: Similarities


def evaluate_pairs(task: PairsTask) -> PairsResult:
    """Embed every image of the list once, compare the pairs, report. An image without embedding never matches anything."""
    started = time.perf_counter()
    listed = read_pairs(task.pairs)
    check_folder(task.images)
    errata = Errata.read(task.errata) if task.errata else Errata()
    labels = read_labels(task.labels) if task.labels else {}
    wanted = {image for pair in listed for image in (pair.first, pair.second)}
    embedded = embed_images(task.images, wanted, task.models)
    mended = errata.mend(listed)
    similarities = _similarities(mended, embedded)
    same = np.array([pair.same for pair in mended])
    report = _report(mended, similarities, same)
    report["failures"] = len(wanted - embedded.keys())
    if task.all_pairs:
        report["all_pairs_tar_at_far_0.001"] = all_pairs_rate(similarities[same], embedded, errata, 0.001)
    if task.errata:
        report["without_errata"] = _report(listed, _similarities(listed, embedded), np.array([pair.same for pair in listed]))
    if labels:
        report["groups"] = _groups(mended, similarities, labels, float(str(report["threshold"])))
    report["seconds"] = round(time.perf_counter() - started, 2)
    report["model_id"] = ModelSet.load(task.models).embedder.model_id
    return PairsResult(report, similarities[same], similarities[~same])


def all_pairs_rate(genuine: Similarities, embedded: Embedded, errata: Errata, rate: float) -> float:
    """TAR of the listed same pairs at the bar that `rate` of *all* couples of different people among the images exceed."""
    known = sorted(embedded.keys() - errata.skipped)
    people = np.array([errata.person(name) for name in known])
    rows = np.stack([embedded[name] for name in known])
    first, second = np.triu_indices(len(rows), 1)
    strangers = people[first] != people[second]
    return round(true_accept_rate(genuine, (rows @ rows.T)[first, second][strangers].astype(np.float64), rate), 5)


def _similarities(pairs: Sequence[Pair], embedded: Embedded) -> Similarities:
    return cosine([embedded.get(pair.first) for pair in pairs], [embedded.get(pair.second) for pair in pairs])


def _report(pairs: Sequence[Pair], similarities: Similarities, same: Flags) -> Report:
    if not same.any() or same.all():
        raise FaceError("too_few_pairs", "the list needs pairs of one person and pairs of two people")
    accuracy = folded_accuracy(similarities, same, np.array([pair.fold for pair in pairs]))
    genuine, impostors = similarities[same], similarities[~same]
    return {
        "accuracy": round(accuracy.mean, 5),
        "accuracy_std": round(accuracy.deviation, 5),
        "tar_at_far_0.01": round(true_accept_rate(genuine, impostors, 0.01), 5),
        "tar_at_far_0.001": round(true_accept_rate(genuine, impostors, 0.001), 5),
        "threshold": round(accuracy.bar, 5),
        "pairs": len(pairs),
    }


def _groups(pairs: Sequence[Pair], similarities: Similarities, labels: dict[str, str], bar: float) -> Report:
    """Errors at the common bar, and at FAR 1 % of everybody, among people of one group."""
    strict = bar_at_rate(similarities[np.array([not pair.same for pair in pairs])], 0.01)
    found: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        groups = {labels.get(image.split("/")[0], "unlabelled") for image in (pair.first, pair.second)}
        if len(groups) == 1:
            found.setdefault(groups.pop(), []).append(index)
    return {group: _group(pairs, similarities, rows, (bar, strict)) for group, rows in sorted(found.items())}


def _group(pairs: Sequence[Pair], similarities: Similarities, rows: Sequence[int], bars: tuple[float, float]) -> Report:
    genuine = np.array([similarities[row] for row in rows if pairs[row].same])
    impostors = np.array([similarities[row] for row in rows if not pairs[row].same])
    report: Report = {"same_pairs": len(genuine), "different_pairs": len(impostors)}
    for name, bar in zip(("", "_at_far_0.01"), bars, strict=True):
        report[f"false_non_match_rate{name}"] = round(float((genuine <= bar).mean()), 5) if len(genuine) else None
        report[f"false_match_rate{name}"] = round(float((impostors > bar).mean()), 5) if len(impostors) else None
    return report
