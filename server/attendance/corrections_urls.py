"""Addresses of what staff and people say about attendance."""

from django.urls import path

from server.attendance import corrections_apis as apis
from server.attendance import corrections_decision_apis as decisions
from server.attendance import marks_apis as marks
from server.attendance import passes_apis as passes
from server.attendance import seals_apis as seals

urlpatterns = [
    path("corrections", apis.CorrectionsApi.as_view(), name="corrections"),
    path("corrections/approve", decisions.ApproveCorrectionsApi.as_view(), name="corrections-approve"),
    path("corrections/reject", decisions.RejectCorrectionsApi.as_view(), name="corrections-reject"),
    path("corrections/<uuid:id>", apis.CorrectionApi.as_view(), name="correction"),
    path("corrections/<uuid:id>/approve", decisions.ApproveCorrectionApi.as_view(), name="correction-approve"),
    path("corrections/<uuid:id>/reject", decisions.RejectCorrectionApi.as_view(), name="correction-reject"),
    path("corrections/<uuid:id>/undo", decisions.UndoCorrectionApi.as_view(), name="correction-undo"),
    path("corrections/<uuid:id>/withdraw", apis.WithdrawCorrectionApi.as_view(), name="correction-withdraw"),
    path("corrections/<uuid:id>/comments", apis.CorrectionCommentsApi.as_view(), name="correction-comments"),
    path("corrections/<uuid:id>/attachments", apis.CorrectionAttachmentsApi.as_view(), name="correction-attachments"),
    path("corrections/<uuid:id>/attachments/<uuid:attachment>", apis.CorrectionAttachmentApi.as_view(), name="correction-attachment"),
    path("marks", marks.MarksApi.as_view(), name="marks"),
    path("marks/<uuid:id>", marks.MarkApi.as_view(), name="mark"),
    path("marks/<uuid:id>/undo", marks.UndoMarkApi.as_view(), name="mark-undo"),
    path("marks/batches/<uuid:batch>/undo", marks.UndoMarksApi.as_view(), name="marks-undo"),
    path("sessions/<uuid:id>/marks", marks.SessionMarksApi.as_view(), name="session-marks"),
    path("passes", passes.PassesApi.as_view(), name="passes"),
    path("passes/<uuid:id>/undo", passes.UndoPassApi.as_view(), name="pass-undo"),
    path("seals", seals.SealsApi.as_view(), name="seals"),
    path("seals/<uuid:id>", seals.SealApi.as_view(), name="seal"),
    path("seals/<uuid:id>/lift", seals.LiftSealApi.as_view(), name="seal-lift"),
    path("discrepancies", seals.DiscrepanciesApi.as_view(), name="discrepancies"),
    path("discrepancies/<uuid:id>", seals.DiscrepancyApi.as_view(), name="discrepancy"),
    path("discrepancies/<uuid:id>/acknowledge", seals.AcknowledgeDiscrepancyApi.as_view(), name="discrepancy-acknowledge"),
]
