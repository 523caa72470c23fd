from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local.data_folder import DataFolder
from deploy.local.demo import MOST_RESTARTS, Demo, Options
from deploy.local.errors import DemoError
from deploy.local.node import Commands
from deploy.local.processes import Part, Program


def ended(name: str, folder: Path) -> Part:
    part = Part.start(Program(name, ("false",), folder / f"{name}.log"))
    part.process.wait()
    return part


def demo_with(name: str, folder: Path, stack: ExitStack) -> Demo:
    demo = Demo(Options(folder, 1, None, None, once=True), DataFolder.open(folder), stack)
    demo._parts = [ended(name, folder)]
    return demo


def test_a_worker_that_ended_is_started_again_and_not_for_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        demo = demo_with("worker", tmp_path, stack)
        for _ in range(MOST_RESTARTS):
            demo.check_parts()
            demo._parts[0].process.wait()
        assert capsys.readouterr().err.count("The worker ended (exit code 1) and is started again") == MOST_RESTARTS
        with pytest.raises(DemoError, match="the worker ended"):
            demo.check_parts()


def test_a_database_that_ended_ends_the_demo(tmp_path: Path) -> None:
    with ExitStack() as stack, pytest.raises(DemoError, match="the database ended"):
        demo_with("database", tmp_path, stack).check_parts()


def test_a_history_is_laid_by_the_servers_own_program_and_a_failure_ends_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "lintel-server"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho \'{{"laid": true, "sightings": 5, "attendance": 7}}\'\n')
    program.chmod(0o755)
    with ExitStack() as stack:
        demo = Demo(Options(tmp_path / "data", 1, None, None, once=True, history=True), DataFolder.open(tmp_path / "data"), stack)
        demo._commands = Commands(tmp_path)
        demo._lay_history()
        assert (tmp_path / "asked").read_text() == "seed_demo --force --json\n"
        assert "5 passes, 7 records of attendance" in capsys.readouterr().err
        program.write_text("#!/bin/sh\nexit 1\n")
        with pytest.raises(DemoError, match="history failed"):
            demo._lay_history()
