"""Papers that support a correction: checked by their first bytes, encrypted, kept in object storage, handed out as downloads."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote
from uuid import uuid4

from django.db import transaction

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionAttachment, CorrectionState
from server.audit.services import Target, audit_note
from server.core import cipher, objects
from server.core.errors import Conflict, NotFound, Rejected, TooLarge
from server.people.storage import forget_objects

PURPOSE = b"lintel attachment 1"
MAX_BYTES = 5_000_000
MOST = 10
KINDS = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_UNFIT = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+')


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as it was sent."""

    name: str
    content: bytes


def attachment_add(*, correction: Correction, paper: Paper, by: User, now: datetime) -> CorrectionAttachment:
    """Keep a paper with an open request. Raises TooLarge, Rejected for other kinds of files, Conflict, Unavailable."""
    media_type = _media_type(paper.content)
    key = f"attachments/{uuid4().hex}"
    objects.current().put(key, cipher.current().encrypt(paper.content, purpose=PURPOSE))
    try:
        return _keep(correction, paper, media_type, key, by, now)
    except BaseException:
        forget_objects([key])
        raise


def attachment_open(attachment: CorrectionAttachment, *, by: User, now: datetime) -> bytes:
    """The file as it was sent; who opened somebody else's is kept. Raises NotFound when object storage lost it, Unavailable."""
    stored = objects.current().get(attachment.object_key)
    if stored is None:
        raise NotFound("object_missing", "The file is no longer in the object storage; attach it again.")
    correction = attachment.correction
    if by.pk not in {attachment.by_id, correction.person.account_id}:
        target = Target("correction", correction.uuid, correction.person.uuid)
        audit_note(by=by, action="correction.paper_opened", target=target, after={"name": attachment.name}, now=now)
    return cipher.current().decrypt(stored, purpose=PURPOSE)


def attachment_headers(attachment: CorrectionAttachment) -> dict[str, str]:
    """Saved, never shown within a page of ours, whatever the file says it is; nobody on the way keeps it."""
    name = quote(attachment.name, safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def _media_type(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise TooLarge("file_too_large", f"The file is too large; send at most {MAX_BYTES // 1_000_000} MB.")
    for begins, media_type in KINDS:
        if content.startswith(begins):
            return media_type
    message = "Only PDF, PNG and JPEG files are kept; save the paper as one of them."
    raise Rejected("wrong_kind", message, errors={"file": [message]})


def _keep(correction: Correction, paper: Paper, media_type: str, key: str, by: User, now: datetime) -> CorrectionAttachment:
    with transaction.atomic():
        row = Correction.objects.select_for_update(of=("self",), no_key=True).select_related("person").get(pk=correction.pk)
        if row.state != CorrectionState.REQUESTED:
            raise Conflict("decided_already", f"This request is {row.state} already; papers belong to open requests.")
        if row.attachments.count() >= MOST:
            raise Conflict("too_many", f"There are {MOST} papers with this request already; put more into one PDF.")
        kept = CorrectionAttachment.objects.create(
            correction=row,
            name=_name(paper.name),
            media_type=media_type,
            size_bytes=len(paper.content),
            sha256=sha256(paper.content).hexdigest(),
            object_key=key,
            by=by,
            at=now,
        )
        after = {"name": kept.name, "sha256": kept.sha256, "size_bytes": kept.size_bytes}
        target = Target("correction", row.uuid, row.person.uuid)
        audit_note(by=by, action="correction.attached", target=target, after=after, now=now)
    return kept


def _name(given: str) -> str:
    """A name any system can hold; the folders of the sender are nobody's business."""
    last = re.split(r"[\\/]", given)[-1]
    return _UNFIT.sub("_", last).strip(" .")[:200] or "attachment"
