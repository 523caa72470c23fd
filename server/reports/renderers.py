"""The formats of a report."""

from collections.abc import Callable, Mapping

from rest_framework.renderers import JSONRenderer

from server.core.csv_lists import CsvRenderer
from server.reports.letter import docx_of
from server.reports.making import Report
from server.reports.paper import pdf_of
from server.reports.spreadsheet import csv_of, xlsx_of


class FileRenderer(JSONRenderer):
    """Bytes as they are; a refusal as a problem in JSON."""

    charset: str | None = None

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: Mapping[str, object] | None = None) -> bytes:
        return data if isinstance(data, bytes) else super().render(data, None, renderer_context)


class CsvFileRenderer(FileRenderer):
    media_type = CsvRenderer.media_type
    format = "csv"
    charset = "utf-8"


class XlsxRenderer(FileRenderer):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"


class PdfRenderer(FileRenderer):
    media_type = "application/pdf"
    format = "pdf"


class DocxRenderer(FileRenderer):
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    format = "docx"


FILES = (CsvFileRenderer, XlsxRenderer, PdfRenderer, DocxRenderer)
WRITERS: Mapping[str, Callable[[Report], bytes]] = {"csv": csv_of, "xlsx": xlsx_of, "pdf": pdf_of, "docx": docx_of}
