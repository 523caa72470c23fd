"""ROC and DET curves as a picture. The only file that imports matplotlib."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import FaceError

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def curve(genuine: NDArray[np.float64], impostors: NDArray[np.float64]) -> Curve:
    """False and true accept rates over every bar, both falling as the bar rises."""
    bars = np.unique(np.concatenate([genuine, impostors]))
    false = 1 - np.searchsorted(np.sort(impostors), bars, side="right") / len(impostors)
    true = 1 - np.searchsorted(np.sort(genuine), bars, side="right") / len(genuine)
    return false, true


def plot(path: Path, title: str, genuine: NDArray[np.float64], impostors: NDArray[np.float64]) -> None:
    """Write a PNG with the ROC on the left and the DET on the right; both rates on logarithmic axes where they matter."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (an extra: needed only for a plot)
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise FaceError("no_matplotlib", "plots need matplotlib; install lintel[evaluate]") from error
    false, true = curve(genuine, impostors)
    floor = 0.5 / len(impostors)
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    roc, det = figure.subplots(1, 2)
    roc.plot(np.maximum(false, floor), true)
    roc.set(xscale="log", xlabel="false accept rate", ylabel="true accept rate", title=f"ROC – {title}", xlim=(floor, 1))
    det.plot(np.maximum(false, floor), np.maximum(1 - true, 0.5 / len(genuine)))
    det.set(xscale="log", yscale="log", xlabel="false accept rate", ylabel="false reject rate", title=f"DET – {title}", xlim=(floor, 1))
    for axes in (roc, det):
        axes.grid(visible=True, which="both", alpha=0.3)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise FaceError("bad_file", f"cannot write {path}: {error.strerror}") from error
