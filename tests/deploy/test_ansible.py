"""What can be said of the play without a host. That it works is shown by `make ansible-proof`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.virtual.by_hand import PLACES

PROJECT = Path(__file__).parents[2]
PLAY = PROJECT / "deploy" / "ansible"
ROLE = PLAY / "roles" / "lintel_edge"
GUIDE = (PROJECT / "deploy" / "README.md").read_text()
TOOLS = PROJECT / ".venv-deploy" / "bin"


def tasks() -> str:
    return "\n".join(path.read_text() for path in sorted(ROLE.glob("*/*.yml")))


def declared() -> set[str]:
    return set(re.findall(r"(?m)^ {6}(lintel_edge_\w+):$", (ROLE / "meta" / "argument_specs.yml").read_text()))


@pytest.mark.skipif(not (TOOLS / "ansible-playbook").exists(), reason="Ansible is not installed: `make ansible`")
def test_ansible_reads_the_play_and_its_inventory() -> None:
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    command = [str(TOOLS / "ansible-playbook"), "--syntax-check", "edge.yml"]
    done = subprocess.run(command, cwd=PLAY, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_uses_nothing_but_ansibles_own_modules() -> None:
    modules = set(re.findall(r"(?m)^\s+([a-z_]+\.[a-z_]+\.[a-z_]+):", tasks()))
    assert modules
    assert {module.rpartition(".")[0] for module in modules} == {"ansible.builtin"}


def test_every_variable_an_operator_may_set_is_declared_and_explained() -> None:
    defaults = set(re.findall(r"(?m)^(lintel_edge_\w+):", (ROLE / "defaults" / "main.yml").read_text()))
    assert defaults < declared()
    unexplained = {name for name in declared() if name not in GUIDE} - {"lintel_edge_wheelhouse", "lintel_edge_unit_files"}
    assert unexplained == set()


def test_the_claim_token_is_never_shown() -> None:
    claim = (ROLE / "tasks" / "claim.yml").read_text().split("- name: ")
    used = [task for task in claim if "{{ lintel_edge_claim_token }}" in task]
    assert len(used) == 1
    assert "no_log: true" in used[0]


def test_every_file_it_installs_exists() -> None:
    named = set(re.findall(r"lintel_edge_unit_files \}\}/([\w.-]+)", tasks()))
    assert named >= {"lintel.sysusers.conf", "lintel.tmpfiles.conf", "60-lintel.rules", "lintel.journald.conf", "lintel-capture-rtsp.conf"}
    assert all((PROJECT / "systemd" / name).exists() for name in named)


@pytest.mark.parametrize("name", PLACES)
def test_the_guide_installs_by_hand_what_the_play_installs(name: str) -> None:
    folder = f"/{Path(PLACES[name]).parent}"
    line = next(line for line in GUIDE.splitlines() if line.startswith("install ") and f"systemd/{name}" in line)
    assert folder in line
    assert folder in tasks() + "/etc/systemd/system"


def test_the_kernels_options_get_memory_limits_once_and_stay_on_their_line() -> None:
    text = (ROLE / "tasks" / "memory.yml").read_text()
    found = re.search(r"regexp: '(.*cgroup_enable.*)'\n\s+replace: '(.*)'", text)
    assert found is not None
    pattern, replacement = re.compile(found[1], re.MULTILINE), found[2]
    line = "console=tty1 root=PARTUUID=1234-02 rootwait\n"
    once = pattern.sub(replacement, line)
    assert once == "console=tty1 root=PARTUUID=1234-02 rootwait cgroup_enable=memory\n"
    assert pattern.sub(replacement, once) == once


def test_swap_partitions_are_commented_out_and_nothing_else() -> None:
    text = (ROLE / "tasks" / "memory.yml").read_text()
    found = re.search(r"path: /etc/fstab\n\s+regexp: '(.*)'\n\s+replace: '(.*)'", text)
    assert found is not None
    table = "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n# /dev/sda3 none swap sw 0 0\n"
    expected = table.replace("/dev/sda2", "# /dev/sda2")
    assert re.compile(found[1], re.MULTILINE).sub(found[2], table) == expected
