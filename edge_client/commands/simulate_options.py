"""What `lintel-edge simulate` takes. Apart from the command, which loads the models."""

import argparse
from pathlib import Path

DESCRIPTION = """Load a server with many simulated nodes. Claim, outbox, signatures, sealing and courier are the real ones; who passes
is made up, and the pictures show nobody. Every node needs a claim token of its own, or a folder of --state in which it was claimed
before. What is sent stays on the server: use one that was set up for it. The program ends with 0 when everything was archived, with 1
when anything was lost or refused, with 5 when something still waited at the end."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = DESCRIPTION
    parser.add_argument("--server", required=True, metavar="URL", help="the server; another machine only with --yes-load-this-server")
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="how many nodes (default: %(default)s)")
    parser.add_argument(
        "--people", type=Path, required=True, metavar="FILE",
        help="who passes: the answer of GET /api/v1/people, a JSON list of ids, or CSV with a column `id`",
    )  # fmt: skip
    parser.add_argument("--claims", type=Path, metavar="FILE", help="claim tokens for nodes that are not claimed yet, one a line")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep the nodes here and use them again (default: a temporary folder)")
    parser.add_argument("--rate", type=float, default=1.0, metavar="R", help="passes per minute at each node (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long people pass (default: %(default)s)")
    parser.add_argument(
        "--offline-days", type=float, default=0.0, metavar="D", help="first fill every outbox with so many days without the server"
    )
    parser.add_argument(
        "--patience", type=float, default=600.0, metavar="S", help="how long the rest may take after that (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number, other passes (default: %(default)s)")
    parser.add_argument("--yes-load-this-server", action="store_true", help="the server may be another machine")
    parser.add_argument("--json", action="store_true", help="for programs")
