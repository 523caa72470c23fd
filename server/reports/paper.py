"""Reports as PDF: every name in its own script, headings on every page, long texts wrapped, pages numbered."""

import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape, portrait
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from server.core.errors import Rejected
from server.reports.making import Report
from server.reports.tables import Cell, printable, text_of
from server.reports.tables import Table as Told

MAX_ROWS = 5_000
FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN = 12 * mm
WIDE = 60
"""From so many characters of columns on, the page lies on its side."""
SIZE, SMALLEST = 8.0, 5.0


def pdf_of(report: Report) -> bytes:
    """Raises Rejected for more rows than anybody prints."""
    table = report.table
    if len(table.rows) > MAX_ROWS:
        raise Rejected("too_many_rows", f"A PDF holds at most {MAX_ROWS} rows; ask for fewer days, or take XLSX or CSV.")
    for name in (PLAIN, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))
    page = (landscape if sum(column.width for column in table.columns) > WIDE else portrait)(A4)
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=page, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 6 * mm,
        title=table.title, author="Lintel", invariant=1,
    )  # fmt: skip
    document.build(list(_parts(report, page[0] - 2 * MARGIN)), canvasmaker=partial(_NumberedCanvas, foot=report.generated))
    return file.getvalue()


class _NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab says nothing of its types
    """Writes “page 2 of 7” when it is known how many there are."""

    def __init__(self, *args: object, foot: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._pages: list[dict[str, object]] = []

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 7)
            self.drawString(MARGIN, MARGIN, self._foot)
            self.drawRightString(self._pagesize[0] - MARGIN, MARGIN, f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()


def _parts(report: Report, width: float) -> Iterable[Flowable]:
    table = report.table
    title = ParagraphStyle("title", fontName=BOLD, fontSize=13, leading=17)
    small = ParagraphStyle("small", fontName=PLAIN, fontSize=7.5, leading=10)
    yield Paragraph(escape(printable(table.title)), title)
    for line in (*table.about, *report.as_of):
        yield Paragraph(escape(printable(line)), small)
    yield Spacer(0, 4 * mm)
    yield _grid(table, width) if table.rows else Paragraph("There is nothing in this period.", small)
    yield Spacer(0, 3 * mm)
    for line in table.legend:
        yield Paragraph(escape(line), small)
    if table.signed:
        yield Spacer(0, 14 * mm)
        yield _signatures(width)


def _grid(table: Told, width: float) -> LongTable:
    characters = sum(column.width for column in table.columns)
    size = max(SMALLEST, min(SIZE, width / characters / 0.62))
    widths = [width * column.width / characters for column in table.columns]
    cell = ParagraphStyle("cell", fontName=PLAIN, fontSize=size, leading=size * 1.2, splitLongWords=1)
    head = ParagraphStyle("head", parent=cell, fontName=BOLD, fontSize=size * 0.9)
    lines: list[list[str | Paragraph]] = [[Paragraph(escape(column.heading), head) for column in table.columns]]
    lines += [[_fitted(value, wide, cell) for value, wide in zip(row, widths, strict=True)] for row in table.rows]
    lines += [[_fitted(value, wide, head) for value, wide in zip(row, widths, strict=True)] for row in table.footers]
    grid = LongTable(lines, colWidths=widths, repeatRows=1)
    grid.setStyle([
        ("FONT", (0, 0), (-1, -1), PLAIN, size, size * 1.2), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black), ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
        ("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ])  # fmt: skip
    return grid


def _fitted(cell: Cell, width: float, style: ParagraphStyle) -> str | Paragraph:
    """Text that fits as it is; a paragraph, which costs much more to lay out, where it must be wrapped."""
    text = text_of(cell)
    plain = style.fontName == PLAIN and "\n" not in text
    if plain and pdfmetrics.stringWidth(text, style.fontName, style.fontSize) <= width - 4:
        return text
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _signatures(width: float) -> Table:
    grid = Table([["Date", "Responsible", "Approved"]], colWidths=[width / 3 - 4 * mm] * 3, spaceBefore=0)
    grid.setStyle([("FONT", (0, 0), (-1, -1), PLAIN, 8, 10), ("LINEABOVE", (0, 0), (-1, 0), 0.6, colors.black)])
    return grid
