"""What the API says about reports and exports."""

from datetime import date, datetime, timedelta

from rest_framework import serializers

from server.reports.making import Report
from server.reports.models import Export, ExportRun
from server.reports.tables import Cell, duration


class ReportSerializer(serializers.Serializer[Report]):
    """A table. In `rows` and `footers` times are ISO 8601 with the offset of the site, durations hours and minutes, null is empty."""

    title = serializers.CharField(source="table.title")
    about = serializers.ListField(child=serializers.CharField(), source="table.about")
    generated = serializers.CharField()
    as_of = serializers.ListField(child=serializers.CharField(), help_text="until when the doors are known")
    columns = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    footers = serializers.SerializerMethodField()
    legend = serializers.ListField(child=serializers.CharField(), source="table.legend")

    def get_columns(self, report: Report) -> list[str]:
        return [column.heading for column in report.table.columns]

    def get_rows(self, report: Report) -> list[list[str | int | None]]:
        return [[_plain(cell) for cell in row] for row in report.table.rows]

    def get_footers(self, report: Report) -> list[list[str | int | None]]:
        return [[_plain(cell) for cell in row] for row in report.table.footers]


class ExportSerializer(serializers.ModelSerializer[Export]):
    """A file that was put into the object storage. `version` rises whenever the day was found changed; older files stay."""

    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Export
        fields = ("id", "kind", "day", "version", "rows", "size_bytes", "sha256", "object_key", "made_at")


class ExportRunInput(serializers.Serializer[ExportRun]):
    """Nothing: what changed since the last export. With days: those, both included."""

    first_day = serializers.DateField(required=False)
    last_day = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, date]) -> dict[str, date]:
        if ("first_day" in attrs) != ("last_day" in attrs):
            raise serializers.ValidationError("Give both days, or none.")
        if attrs and attrs["last_day"] < attrs["first_day"]:
            raise serializers.ValidationError({"last_day": "It lies before first_day."})
        return attrs


class ExportRunSerializer(serializers.ModelSerializer[ExportRun]):
    """An export that is to be done, or was. `failure`: why the last try did not come to its end; it is tried again."""

    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = ExportRun
        fields = ("id", "asked_at", "first_day", "last_day", "finished_at", "files", "failure")


def _plain(cell: Cell) -> str | int | None:
    if isinstance(cell, timedelta):
        return duration(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else cell
