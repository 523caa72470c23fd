import os
import subprocess
import sys

import numpy as np
import pytest

from shared_schema.face.manifest import ModelSet
from shared_schema.face.runtime import Network, own_cores, threads_for
from shared_schema.face.types import FaceError


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(100)])
def test_what_is_no_model_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(FaceError, match=r"other\.tflite") as caught:
        Network(content, name="other.tflite")
    assert caught.value.code == "bad_model"
    assert "\n" not in str(caught.value)


def test_a_wrong_input_is_refused(model_set: ModelSet) -> None:
    network = Network(model_set.contents["blazeface_near.tflite"], name="near")
    with pytest.raises(FaceError, match="128, 128, 3"):
        network(np.zeros((1, 64, 64, 3), np.float32))
    with pytest.raises(FaceError, match="float32"):
        network(np.zeros((1, 128, 128, 3), np.float64))


def test_outputs_stay_as_they_were_when_the_model_runs_again(model_set: ModelSet) -> None:
    network = Network(model_set.contents["blazeface_near.tflite"], name="near")
    first = network(np.zeros((1, 128, 128, 3), np.float32))
    kept = [output.copy() for output in first]
    network(np.ones((1, 128, 128, 3), np.float32))
    assert all(np.array_equal(output, copy) for output, copy in zip(first, kept, strict=True))


def run_quietly(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)


def test_loading_a_model_writes_nothing_to_stderr() -> None:
    done = run_quietly(
        "from shared_schema.face.manifest import ModelSet\n"
        "from shared_schema.face.pipeline import FacePipeline\n"
        "FacePipeline(ModelSet.load())"
    )
    assert done.stderr == ""


def test_other_words_on_stderr_are_passed_on() -> None:
    done = run_quietly(
        "import os\nfrom shared_schema.face import runtime\n"
        "with runtime._quiet():\n"
        "    os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nERROR: out of memory\\n')"
    )
    assert done.stderr == "ERROR: out of memory\n"


def test_a_pair_in_one_go_gives_what_each_gives_alone(model_set: ModelSet) -> None:
    file = model_set.manifest.embedder
    content = model_set.contents[file.file]
    pair = np.random.default_rng(3).normal(0, 0.3, (2, file.input_px, file.input_px, 3)).astype(np.float32)
    together = Network(content, name="pair", batch=2)(pair)[0]
    alone = Network(content, name="one")
    assert np.allclose(together, np.concatenate([alone(pair[:1])[0], alone(pair[1:])[0]]), atol=1e-5)


@pytest.mark.parametrize(("cores", "threads"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (64, 4)])
def test_one_core_is_left_to_others(cores: int, threads: int) -> None:
    assert threads_for(cores) == threads


def test_a_process_that_is_held_to_one_core_counts_one() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    assert run_quietly(code + "from shared_schema.face.runtime import own_cores; print(own_cores())").stdout.strip() == "1"
    assert own_cores() == len(os.sched_getaffinity(0))


def test_two_threads_give_what_one_gives(model_set: ModelSet) -> None:
    file = model_set.manifest.embedder
    chip = np.random.default_rng(5).normal(0, 0.3, (1, file.input_px, file.input_px, 3)).astype(np.float32)
    one, two = (Network(model_set.contents[file.file], name="chip", threads=threads)(chip)[0] for threads in (1, 2))
    assert np.allclose(one, two, atol=1e-5)
