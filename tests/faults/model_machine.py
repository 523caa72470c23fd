"""Node, network and server as a state machine: whatever happens in whatever order, the invariants hold after every step.

What I1 means where card images travel. A record is *living* while it lies on the server or on a card that is in a machine. Putting an
older image on a card, or bytes that go bad, can end what only that card held; that is physics, and the machine keeps account of it
(`gone`). Everything else that was announced must be living after every step, and on the server once the faults stop. A record that the
server had only *accepted* stays on the card, so a server restored from a backup ends nothing, unless the card was rolled back too.
I2: the server never has two records under one number, and, unless an image was copied, never one payload under two.
"""

import json
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_client.errors import EdgeError
from shared_schema.envelope import Kind
from shared_schema.observation import Gap
from tests.edge_client.fakes import NODE, SIGNER
from tests.faults.model_node import FATES, Copy, Fate, Link
from tests.faults.model_server import ModelServer

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
_MOST_COPIES = 3
_ROUNDS_TO_DRAIN = 60
_DAMAGED = "damaged_reported"

number_of_copy = st.integers(0, _MOST_COPIES - 1)


class NodeMachine(RuleBasedStateMachine):
    """`steps` counts those of all runs."""

    steps: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="lintel-model-", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.numbers = count(1)
        self.told: dict[str, str | None] = {}
        self.gone: set[str] = set()
        self.gone_crops: set[str] = set()
        self.only_accepted: set[str] = set()
        self.ended_by_damage: set[tuple[int, int]] = set()
        self.reports: set[bytes] = set()
        self.images: list[Path] = []
        self.was_copied = self.was_restored = False

    @initialize(archives=st.booleans())
    def begin(self, *, archives: bool) -> None:
        self.server = ModelServer(NODE, SIGNER.public_key().public_bytes_raw(), archives=archives)
        self.link = Link(self.server)
        self.copies = [self._a_copy(self.root / "card-1")]
        self.copies[0].claim(self.server.token_of(1))

    def teardown(self) -> None:
        try:
            if hasattr(self, "server"):
                self._drain()
        finally:
            for copy in getattr(self, "copies", []):
                copy.kill_capture()
                copy.kill_courier()
            shutil.rmtree(self.root)

    @rule(which=number_of_copy, passes=st.lists(st.sampled_from(("observation", "sighting", "crop")), min_size=1, max_size=5))
    def somebody_passes(self, which: int, passes: list[str]) -> None:
        for what in passes:
            number = next(self.numbers)
            image = b"\xff\xd8" + number.to_bytes(8, "big") if what == "crop" else None
            recorded = self._copy(which).put(Kind.OBSERVATION if what == "observation" else Kind.SIGHTING, number, image)
            self.told[recorded.sha256] = None if image is None else sha256(image).hexdigest()

    @rule(which=number_of_copy)
    def heartbeat(self, which: int) -> None:
        self._copy(which).meet()

    @rule(which=number_of_copy, crops=st.booleans())
    def send(self, which: int, *, crops: bool) -> None:
        self._copy(which).send(crops=crops)

    @rule(which=number_of_copy)
    def between_two_frames(self, which: int) -> None:
        self._copy(which).tend()

    @rule(fates=st.lists(st.sampled_from(FATES), max_size=4))
    def the_network_does_as_it_likes(self, fates: list[Fate]) -> None:
        self.link.fates = fates

    @rule()
    def the_network_is_cut_or_mended(self) -> None:
        self.link.is_cut = not self.link.is_cut

    @precondition(lambda self: self.link.under_way)
    @rule(newest=st.booleans(), again=st.booleans())
    def a_late_request_arrives(self, *, newest: bool, again: bool) -> None:
        ask = self.link.under_way[-1 if newest else 0]
        if not again:
            self.link.under_way.remove(ask)
        with suppress(EdgeError):
            ask()

    @rule(which=number_of_copy, courier=st.booleans())
    def a_process_is_killed(self, which: int, *, courier: bool) -> None:
        copy = self._copy(which)
        copy.kill_courier() if courier else copy.kill_capture()

    @rule(which=number_of_copy, in_order=st.booleans())
    def reboot(self, which: int, *, in_order: bool) -> None:
        copy, boot = self._copy(which), next(self.numbers)
        copy.reboot(boot) if in_order else copy.cut_power(boot)

    @rule(which=number_of_copy, days=st.integers(-20_000, 20_000))
    def the_wall_clock_jumps(self, which: int, days: int) -> None:
        self._copy(which).clock.wrong_by_ns = days * 86_400 * 10**9

    @precondition(lambda self: len(self.images) < 2)
    @rule(which=number_of_copy)
    def an_image_of_the_card_is_made(self, which: int) -> None:
        image = self.root / f"image-{next(self.numbers)}"
        shutil.copytree(self._copy(which).folder, image, ignore=shutil.ignore_patterns("*-shm", "run"))
        self.images.append(image)

    @precondition(lambda self: self.images)
    @rule(which=number_of_copy)
    def a_card_is_rolled_back(self, which: int) -> None:
        self.was_copied = True
        self._copy(which).replace_by(self.images.pop(), next(self.numbers))
        self._mourn()

    @precondition(lambda self: self.images and len(self.copies) < _MOST_COPIES)
    @rule()
    def a_card_is_cloned(self) -> None:
        self.was_copied = True
        card = self.images.pop().rename(self.root / f"card-{next(self.numbers)}")
        self.copies.append(self._a_copy(card))

    @rule(which=number_of_copy, places=st.lists(st.integers(0, 2**20), min_size=1, max_size=4), byte=st.integers(1, 255))
    def bytes_of_the_outbox_go_bad(self, which: int, places: list[int], byte: int) -> None:
        copy = self._copy(which)
        copy.reboot(next(self.numbers))
        database = copy.folder / "outbox" / "outbox.db"
        if not database.exists():
            return
        before = copy.numbers()
        self.reports |= set(copy.gaps())
        damaged = bytearray(database.read_bytes())
        for place in places:
            damaged[place % len(damaged)] ^= byte
        database.write_bytes(damaged)
        copy.tend()
        copy.tend()
        self.ended_by_damage |= {before[digest] for digest in self._nowhere()}
        self._mourn()

    @rule()
    def the_token_is_to_be_changed(self) -> None:
        self.server.rotate = True

    @rule()
    def the_node_is_revoked_or_admitted_again(self) -> None:
        self.server.revoked = not self.server.revoked

    @rule()
    def the_gallery_changes(self) -> None:
        self.server.gallery_revision += 1

    @rule()
    def the_server_is_backed_up(self) -> None:
        self.server.back_up()
        self.only_accepted -= self._archived()

    @precondition(lambda self: self.server.archives)
    @rule()
    def the_server_is_restored(self) -> None:
        self.was_restored = True
        self.server.restore()
        self.gone |= self.only_accepted & self._nowhere()

    @invariant()
    def nothing_announced_is_lost(self) -> None:
        if hasattr(self, "server"):
            self.steps["steps"] += 1
            assert not self._nowhere(), "I1"

    @invariant()
    def nothing_is_invented_changed_or_doubled(self) -> None:
        if not hasattr(self, "server"):
            return
        held = self.server.db.records.values()
        emitted = [one for one in held if one.kind in {Kind.SIGHTING, Kind.OBSERVATION}]
        assert all(one.sha256 in self.told for one in emitted), "I3"
        assert all(sha256(one.payload).hexdigest() == one.sha256 for one in held), "I4"
        if not self.was_copied:
            assert max(Counter(one.sha256 for one in emitted).values(), default=1) == 1, "I2"
        if not (self.was_copied or self.was_restored):
            assert not self.server.db.conflicts, "I2"

    def _drain(self) -> None:
        """The faults stop. An operator admits the node again and gives the present token to cards that lie too far back."""
        self.link.is_cut, self.link.fates, self.link.under_way = False, [], []
        self.server.revoked = self.server.rotate = self.server.db.handed_out = False
        for copy in self.copies:
            copy.kill_courier()
            copy.claim(self.server.token_of(self.server.db.generation))
        for _ in range(_ROUNDS_TO_DRAIN):
            for copy in self.copies:
                copy.meet()
                copy.tend()
                for crops in (False, True):
                    copy.send(crops=crops)
            self.server.back_up()
            if all(copy.is_at_rest for copy in self.copies):
                break
        self._check_drained()

    def _check_drained(self) -> None:
        held = self.server.db.records
        there = {one.sha256 for one in held.values()}
        parked = [copy.parked() for copy in self.copies]
        damaged = {digest for copy in parked for digest, code in copy.items() if code == _DAMAGED}
        assert set(self.told) - self.gone <= there | damaged, (
            "I1: delivered once the faults have stopped",
            parked,
            [copy.holds() for copy in self.copies],
        )
        if not (self.was_copied or self.was_restored):
            highest = Counter[int]()
            for epoch, seq in held:
                highest[epoch] = max(highest[epoch], seq)
            missing = {(epoch, seq) for epoch, last in highest.items() for seq in range(1, last)} - set(held)
            assert not self._untold(missing | self.ended_by_damage - set(held)), "I5"
        shed = {json.loads(one.payload)["crop_sha256"] for one in held.values() if one.kind == Kind.CROP_SHED}
        crops = {self.told[one.sha256] for one in held.values() if one.sha256 in self.told} - {None}
        assert crops <= set(self.server.crops) | shed | self.gone_crops, "I6"
        self.steps["drained"] += 1

    def _copy(self, which: int) -> Copy:
        return self.copies[which % len(self.copies)]

    def _a_copy(self, folder: Path) -> Copy:
        folder.mkdir(exist_ok=True)
        return Copy(folder, self.link, boot=next(self.numbers))

    def _nowhere(self) -> set[str]:
        living = {one.sha256 for one in self.server.db.records.values()}
        for copy in self.copies:
            living |= set(copy.holds())
        return set(self.told) - self.gone - living

    def _untold(self, numbers: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of which no signed gap says that their records may be lost. Where a report was itself ended by damage nobody can say."""
        payloads = {one.payload for one in self.server.db.records.values() if one.kind == Kind.GAP}
        if self.reports - payloads:
            return set()
        told = [Gap.model_validate_json(gap) for gap in payloads]
        return {(e, seq) for e, seq in numbers if not any(gap.lost_epoch == e and gap.from_seq <= seq <= gap.to_seq for gap in told)}

    def _archived(self) -> set[str]:
        return {one.sha256 for one in self.server.backup.records.values()}

    def _mourn(self) -> None:
        """After a card lost something: what lies nowhere any more, and what only an unarchived server still has."""
        self.gone |= self._nowhere()
        on_cards = {digest for copy in self.copies for digest in copy.holds()}
        self.only_accepted |= set(self.told) - self.gone - on_cards - self._archived()
        crops = {crop for copy in self.copies for crop in copy.holds_crops()}
        self.gone_crops |= {crop for crop in self.told.values() if crop is not None} - crops - set(self.server.crops)
