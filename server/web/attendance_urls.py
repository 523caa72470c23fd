"""Addresses of the pages of attendance, corrections and the audit."""

from django.urls import path

from server.web import attendance, attendance_actions, attendance_session, audit, corrections

SESSION = "attendance/sessions/<uuid:session>/"
PERSON = f"{SESSION}people/<uuid:person>/"

urlpatterns = [
    path("attendance/", attendance.AttendanceDatesPage.as_view(), name="attendance-page"),
    path("attendance/discrepancies/", attendance.DiscrepanciesPage.as_view(), name="attendance-discrepancies-page"),
    path(
        "attendance/discrepancies/<uuid:discrepancy>/",
        attendance.DiscrepancyAcknowledgePage.as_view(),
        name="attendance-discrepancy-page",
    ),
    path("attendance/seals/<uuid:seal>/lift/", attendance.SealLiftPage.as_view(), name="attendance-seal-lift-page"),
    path("attendance/<uuid:site>/seal/", attendance.SealPage.as_view(), name="attendance-seal-page"),
    path("attendance/<uuid:site>/<str:day>/", attendance.AttendanceDayPage.as_view(), name="attendance-day-page"),
    path(SESSION, attendance_session.SessionPage.as_view(), name="attendance-session-page"),
    path(f"{SESSION}roll-call/", attendance_actions.RollCallPage.as_view(), name="attendance-roll-call-page"),
    path(f"{SESSION}guests/", attendance_actions.GuestPage.as_view(), name="attendance-guest-page"),
    path(f"{SESSION}marks/<uuid:batch>/undo/", attendance_actions.UndoBatchPage.as_view(), name="attendance-batch-undo-page"),
    path(PERSON, attendance_session.SessionPersonPart.as_view(), name="attendance-person-part"),
    path(f"{PERSON}correct/", attendance_actions.CorrectPersonPart.as_view(), name="attendance-correct-part"),
    path(f"{PERSON}mark/", attendance_actions.MarkPersonPart.as_view(), name="attendance-mark-part"),
    path(f"{PERSON}mark/undo/", attendance_actions.UndoMarkPart.as_view(), name="attendance-mark-undo-part"),
    path(f"{PERSON}pass/", attendance_actions.PassPersonPart.as_view(), name="attendance-pass-part"),
    path(f"{PERSON}pass/undo/", attendance_actions.UndoPassPart.as_view(), name="attendance-pass-undo-part"),
    path("corrections/", corrections.CorrectionsPage.as_view(), name="corrections-page"),
    path("corrections/decide/", corrections.CorrectionsDecidePage.as_view(), name="corrections-decide-page"),
    path("corrections/<uuid:correction>/", corrections.CorrectionPage.as_view(), name="correction-page"),
    path("corrections/<uuid:correction>/decide/", corrections.CorrectionDecidePage.as_view(), name="correction-decide-page"),
    path("corrections/<uuid:correction>/withdraw/", corrections.CorrectionWithdrawPage.as_view(), name="correction-withdraw-page"),
    path("corrections/<uuid:correction>/comment/", corrections.CorrectionCommentPage.as_view(), name="correction-comment-page"),
    path("audit/", audit.AuditPage.as_view(), name="audit-page"),
]
