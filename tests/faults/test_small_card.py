"""A real file system of a few megabytes: full to the last byte, read-only, and well again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.shim import ROOT, plain_environment

_OWN_MOUNTS = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")


@pytest.fixture
def told(tmp_path: Path) -> list[dict[str, object]]:
    if subprocess.run([*_OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system in a namespace of its own (unshare -Urm)")
    command = [*_OWN_MOUNTS, sys.executable, "-m", "tests.faults.small_card", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=dict(plain_environment()), timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_card_that_is_full_or_read_only_refuses_visibly_and_works_again(
    told: list[dict[str, object]], tell: Callable[[str], None]
) -> None:
    full, delivered, roomy, read_only, writable, rest = told
    assert full["free_bytes"] == 0
    assert isinstance(full["recorded"], int)
    assert full["recorded"] > 100
    assert "no room" in str(full["refusal"])
    assert delivered["delivered"] == full["recorded"]
    assert roomy["refusal_with_room"] == ""
    assert read_only["is_read_only"]
    assert "check the card" in str(read_only["refusal"])
    assert (writable["refusal_when_writable"], writable["losses"]) == ("", 0)
    assert rest["delivered"] == 2
    tell(
        f"small card: {full['recorded']} records to the last byte, then refused; {delivered['delivered']} acknowledged at 0 bytes free; "
        f"read-only refused, writable works"
    )
