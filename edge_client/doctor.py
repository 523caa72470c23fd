"""`lintel-edge doctor`: what is wrong with this node, in plain words, and what to do about it."""

import json
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge_client.accounts import CAPTURE, COURIER, Accounts
from edge_client.camera import Lost, let_go
from edge_client.camera.choose import open_camera
from edge_client.capture import load_model_sets
from edge_client.capture_report import CaptureReportFile
from edge_client.clock import Clock, SystemClock, kernel_says_synchronised
from edge_client.config import NodeConfig, can_be_overheard
from edge_client.errors import EdgeError, OutboxMissing, Rejected, Unauthorised
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import Identity, IdentityFolder, KeyFolder
from edge_client.memory_folder import swaps_to_disk
from edge_client.node_token import TokenFile
from edge_client.outbox import first_look, schema
from edge_client.outbox.status import read_status
from edge_client.server_api import ServerApi
from shared_schema.node import NodeSettings

IN_VIEW_MS: Final = 3_000
"""About how long somebody who walks through a door is in view and near enough."""
LEAST_FREE_BYTES: Final = 200_000_000
FREE_BYTES_WANTED: Final = 1_000_000_000
_LET_GO_WITHIN_S: Final = 5.0
_CHECK_THE_CABLE: Final = "check the camera's cable and that nothing else uses it"
_REPORT_IS_FRESH_NS: Final = 15_000_000_000

Result = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. Only `fail` keeps the node from working."""

    check: str
    result: Result
    sentence: str
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at."""

    config: NodeConfig
    clock: Clock
    api: Callable[[str, str], ServerApi] = lambda server, token: ServerApi(server, token=token)
    synchronised: Callable[[], bool] = kernel_says_synchronised
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    accounts: Callable[[], Accounts | None] = Accounts.of_this_machine
    swaps: Callable[[], bool] = swaps_to_disk


def run(config_path: Path, *, only: Sequence[str] = (), as_json: bool = False) -> int:
    """Print a line per check, of all or `only` of these. Returns the exit code. Raises ConfigError."""
    findings = tuple(examine(Patient(NodeConfig.load(config_path), SystemClock()), only=only))
    sys.stdout.write((_as_json(findings) if as_json else _as_text(findings)) + "\n")
    return exit_code(findings)


def examine(patient: Patient, *, only: Sequence[str] = ()) -> Iterator[Finding]:
    """One check after the other, all unless `only` names some; a check that raises has found a fault."""
    for name, check in CHECKS.items():
        if only and name not in only:
            continue
        try:
            yield check(patient)
        except EdgeError as error:
            yield Finding(name, "fail", str(error), error.exit_code)
        except OSError as error:
            yield Finding(name, "fail", f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing fails, else what `lintel-edge run` would end with for the first failure that has a code of its own, else 1."""
    failed = [finding.exit_code for finding in findings if finding.result == "fail"]
    return next((code for code in failed if code != 1), 1) if failed else 0


def check_identity(patient: Patient) -> Finding:
    identity = _identity(patient)
    KeyFolder(patient.config.state).signer()
    return Finding("identity", "ok", f"claimed as node {identity.node} at {identity.door_name}")


def check_secrets(patient: Patient) -> Finding:
    """Who may read the signing key and the token: their accounts, and nobody else."""
    keys, token = patient.config.state / "keys", patient.config.state / "identity" / "token.json"
    accounts = patient.accounts()
    for path, owner in ((keys, CAPTURE), (keys / "signing.key", CAPTURE), (token, COURIER)):
        found = path.stat()
        wanted = accounts and (accounts.capture if owner == CAPTURE else accounts.courier)
        if stat.S_IMODE(found.st_mode) & 0o077:
            return Finding("secrets", "fail", f"{path} may be read by other accounts; run `chmod go= {path}`")
        if wanted is not None and found.st_uid != wanted:
            return Finding("secrets", "fail", f"{path} belongs to another account than {owner}; run `chown {owner} {path}`")
    if accounts is None:
        return Finding("secrets", "ok", "signing key and token are for this account alone; both processes run under it")
    return Finding("secrets", "ok", f"the signing key is for {CAPTURE} alone, the token for {COURIER} alone")


def check_gallery(patient: Patient) -> Finding:
    """Where the templates of faces lie while the node is switched off."""
    if _cache(patient).at_rest == "sealed":
        return Finding("gallery", "ok", "lies on the card, sealed under the board's own key; serves after a reboot without a network too")
    sentence = "lies in memory only, as the board has no key of its own: after a reboot nobody is named until the next contact"
    if patient.swaps():
        return Finding("gallery", "warn", f"{sentence}; swap may write it to the card, so turn swap off or use zram")
    return Finding("gallery", "ok", sentence)


def check_models(patient: Patient) -> Finding:
    wanted, *meanwhile = (models.embedder.model_id for models in load_model_sets(patient.config.models))
    cache = _cache(patient)
    if cache.has_gallery(wanted) or not cache.has_galleries():
        return Finding("models", "ok", f"every file has the hash its manifest names; embedder {wanted}")
    usable = next((model for model in meanwhile if cache.has_gallery(model)), None)
    if usable is not None:
        return Finding("models", "warn", f"the server has no gallery for {wanted} yet, the node goes on with {usable} until it has")
    return Finding("models", "fail", f"the gallery was made with another model than this node's {wanted}; install the same models on both")


def check_camera(patient: Patient) -> Finding:
    """Looks through the camera, or believes capture, which has it, when that runs."""
    now = patient.clock.reading()
    report = CaptureReportFile(patient.config.run_folder).read()
    if report is not None and report.at.boot_id == now.boot_id and now.boot_ns - report.at.boot_ns < _REPORT_IS_FRESH_NS:
        return judge_camera(report.camera)
    camera = open_camera(patient.config.camera, patient.clock)
    try:
        given = camera.next(0)
    finally:
        let_go(camera, within_s=_LET_GO_WITHIN_S)
    if given is None or isinstance(given, Lost):
        return Finding("camera", "fail", "the camera opens but gives no picture; check its cable or its source")
    height, width = given.image.shape[:2]
    return Finding("camera", "ok", f"gives pictures of {width}×{height}")


def judge_camera(state: str) -> Finding:
    """What capture says of its camera, and what to do about it."""
    if state in {"ok", "starting", "ended", "stopped"}:
        return Finding("camera", "ok", f"capture says: {state}")
    if state == "hours":
        return Finding("camera", "ok", "capture says: out of hours; it looks again when they begin")
    if state == "dark":
        return Finding("camera", "warn", "capture says: dark; put on the light, and take off what may be before the lens")
    what_to_do = {
        "covered": "take off what is before the lens, or focus it",
        "frozen": "the picture has stood still for a minute; start the camera anew",
    }
    return Finding("camera", "fail", f"capture says: {state}; {what_to_do.get(state, _CHECK_THE_CABLE)}")


def check_server(patient: Patient) -> Finding:
    identity = _identity(patient)
    server = patient.config.server or identity.server
    api = patient.api(server, TokenFile(patient.config.state).load()[0].token)
    try:
        api.settings(None)
    except Unauthorised as error:
        return Finding("server", "fail", f"{server} answers but does not accept this node: {error}")
    except Rejected as error:
        return Finding("server", "fail", f"{server} answers but is no Lintel server this node can use: {error}")
    finally:
        api.close()
    if can_be_overheard(server):
        return Finding("server", "warn", f"{server} answers, but over plain http others can read the node's token; use https")
    return Finding("server", "ok", f"{server} answers and accepts this node's token")


def check_clock(patient: Patient) -> Finding:
    if patient.synchronised():
        return Finding("clock", "ok", "the wall clock is synchronised")
    return Finding("clock", "warn", "the wall clock is not synchronised; check NTP, until then times come from contacts with the server")


def check_disk(patient: Patient) -> Finding:
    free = patient.free_bytes(patient.config.state)
    shown = f"{free / 1e9:.1f} GB free in {patient.config.state}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", "fail", f"{shown}; make room, else records cannot be kept")
    if free < patient.config.outbox.min_free_bytes:
        return Finding("disk", "warn", f"{shown}, less than [outbox] min_free_bytes: crops are given up for room")
    if free < FREE_BYTES_WANTED:
        return Finding("disk", "warn", f"{shown}; a long time without the server would fill it")
    return Finding("disk", "ok", shown)


def check_settings(patient: Patient) -> Finding:
    """Settings under which nobody who walks through could ever be decided."""
    settings = patient.config.effective_settings(_cache(patient).settings())
    return judge_settings(settings)


def judge_settings(settings: NodeSettings) -> Finding:
    needed_ms = settings.interval_ms * max(0, settings.min_agreeing_frames - 1)
    if needed_ms >= IN_VIEW_MS:
        return Finding(
            "settings",
            "fail",
            f"a match takes {needed_ms / 1000:g} s ({settings.min_agreeing_frames} frames, one every {settings.interval_ms} ms), "
            f"longer than somebody is in view (about {IN_VIEW_MS / 1000:g} s); lower interval_ms or min_agreeing_frames",
        )
    if 2 * needed_ms >= IN_VIEW_MS:
        return Finding("settings", "warn", f"a match takes {needed_ms / 1000:g} s of a good view; lower interval_ms to miss fewer people")
    return Finding("settings", "ok", f"a match takes {settings.min_agreeing_frames} frames, one every {settings.interval_ms} ms")


def check_outbox(patient: Patient) -> Finding:
    folder = patient.config.state / "outbox"
    try:
        first_look.connect(folder / schema.DATABASE, patient.clock.boot_id).close()
        status = read_status(folder, clock=patient.clock)
    except OutboxMissing:
        return Finding("outbox", "warn", "there is no outbox yet; capture makes it at its first start")
    if status.parked:
        return Finding("outbox", "warn", f"{status.parked} records were rejected and are parked; see `lintel-edge outbox list` and `retry`")
    return Finding("outbox", "ok", f"opens durably; {status.waiting} records and {status.crops_waiting} crops wait for the server")


CHECKS: Final[Mapping[str, Callable[[Patient], Finding]]] = {
    "identity": check_identity,
    "secrets": check_secrets,
    "models": check_models,
    "gallery": check_gallery,
    "camera": check_camera,
    "server": check_server,
    "clock": check_clock,
    "disk": check_disk,
    "settings": check_settings,
    "outbox": check_outbox,
}


def _cache(patient: Patient) -> GalleryCache:
    return GalleryCache(patient.config.state, run=patient.config.run_folder)


def _identity(patient: Patient) -> Identity:
    return IdentityFolder(patient.config.state).load()


def _as_text(findings: Sequence[Finding]) -> str:
    return "\n".join(f"{finding.result:<4}  {finding.check:<8}  {finding.sentence}" for finding in findings)


def _as_json(findings: Sequence[Finding]) -> str:
    return json.dumps([{"check": one.check, "result": one.result, "sentence": one.sentence} for one in findings])
