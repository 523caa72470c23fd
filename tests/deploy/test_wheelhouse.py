"""What the wheelhouse chooses. That the chosen wheels install is shown by the proof of the play."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deploy.wheelhouse import LOCK, TARGETS, Target, fingerprint, main, wanted

BOOKWORM_PI = Target("aarch64", "3.11.2", 36)
TRIXIE_PC = Target("x86_64", "3.13.5", 41)
LOCKED = """\
new==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:aa
old==1.0 ; python_full_version < '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
everywhere==3.0 \\
    --hash=sha256:dd
windows==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""


def names(requirements: str) -> set[str]:
    return {Requirement(line.removesuffix(" \\")).name for line in requirements.splitlines() if "--hash" not in line}


def test_a_lock_is_narrowed_to_what_the_target_needs_whatever_runs_here() -> None:
    assert wanted(LOCKED, BOOKWORM_PI) == (
        "old==1.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\neverywhere==3.0 \\\n    --hash=sha256:dd\n"
    )
    assert names(wanted(LOCKED, TRIXIE_PC)) == {"new", "everywhere"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_gets_one_interpreter_for_the_models_and_a_hash_for_everything(target: Target) -> None:
    requirements = wanted(LOCK.read_text(), target)
    assert len(names(requirements) & {"tflite-runtime", "ai-edge-litert"}) == 1
    assert " ; " not in requirements
    for entry in requirements.splitlines():
        assert entry.startswith("    --hash=sha256:") or entry.endswith(" \\")


def test_pip_is_told_of_old_and_new_platforms_up_to_the_targets_own() -> None:
    options = list(BOOKWORM_PI.pip_options())
    assert {"--abi=cp311", "--python-version=3.11.2", "--platform=manylinux_2_36_aarch64", "--platform=manylinux2014_aarch64"} <= set(
        options
    )
    assert not any("x86_64" in option or "manylinux_2_37" in option for option in options)


def test_the_folder_has_the_name_that_the_play_makes_of_a_hosts_facts() -> None:
    assert {target.name for target in TARGETS} == {"x86_64-py3.11", "x86_64-py3.13", "aarch64-py3.11", "aarch64-py3.13"}


def test_another_content_or_another_name_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    renamed = fingerprint(tmp_path)
    (tmp_path / "b.py").write_text("2")
    assert len({first, renamed, fingerprint(tmp_path)}) == 3


def test_a_target_nobody_knows_is_refused_with_those_that_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--to", str(tmp_path), "armv7-py3.11"]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("wheelhouse: armv7-py3.11 is no target; choose among ")
    assert "aarch64-py3.11" in complaint
