"""Load a server with many simulated nodes, each with the real claim, outbox, courier and protocol."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge_client.commands.claim import claim
from edge_client.errors import ConfigError, NotClaimed
from edge_client.identity import IdentityFolder
from edge_client.simulate.crowd import simulate
from edge_client.simulate.node import config_in
from edge_client.simulate.plan import Model, Plan, read_claims, read_people
from edge_client.simulate.summary import Summary, summarise
from shared_schema.face.manifest import ModelSet


def run(options: argparse.Namespace) -> int:
    """Returns the exit code. Raises EdgeError when the simulation cannot be begun."""
    embedder = ModelSet.load(None).embedder
    plan = Plan(
        server=options.server,
        people=read_people(options.people),
        model=Model(embedder.model_id, embedder.dimension),
        nodes=options.nodes,
        rate=options.rate,
        seconds=options.seconds,
        offline_days=options.offline_days,
        patience_s=options.patience,
        seed=options.seed,
    )
    plan.check(may_be_remote=options.yes_load_this_server)
    with _state(options.state) as state:
        plan.check_room(state)
        folders = [state / f"node-{number:04}" for number in range(1, plan.nodes + 1)]
        claim_missing(folders, plan, read_claims(options.claims) if options.claims else [])
        summary = summarise(simulate(plan, folders))
    _tell(summary, as_json=options.json)
    return summary.exit_code


def claim_missing(folders: Sequence[Path], plan: Plan, tokens: Iterable[str]) -> None:
    """Claim the nodes that are not claimed yet. Raises ConfigError when there are too few tokens, before any of them is used."""
    missing = [folder for folder in folders if not _is_claimed(folder)]
    ready = list(tokens)
    if len(ready) < len(missing):
        raise ConfigError(f"{len(missing)} nodes have to be claimed and --claims has {len(ready)} tokens; make one for each on the server")
    for folder, token in zip(missing, ready, strict=False):
        folder.mkdir(parents=True, exist_ok=True)
        claim(config_in(folder, plan), server=plan.server, token=token)


def _is_claimed(folder: Path) -> bool:
    try:
        IdentityFolder(folder).load()
    except NotClaimed:
        return False
    return True


@contextmanager
def _state(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="lintel-simulate-") as folder:
        yield Path(folder)


def _tell(summary: Summary, *, as_json: bool) -> None:
    lines = [json.dumps(summary.as_dict())] if as_json else summary.in_words()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
