"""Reports as DOCX, for sheets that are completed and signed."""

import io

from docx import Document
from docx.document import Document as Letter
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell, _Row

from server.core.errors import Rejected
from server.reports.making import Report
from server.reports.tables import Row, printable, text_of

MAX_ROWS = 1_000
LINE = "_" * 28


def docx_of(report: Report) -> bytes:
    """Raises Rejected for more rows than a letter holds."""
    table = report.table
    if len(table.rows) > MAX_ROWS:
        raise Rejected("too_many_rows", f"A DOCX holds at most {MAX_ROWS} rows; ask for fewer days, or take XLSX or CSV.")
    letter = Document()
    _page(letter)
    letter.core_properties.title, letter.core_properties.author = printable(table.title)[:255], "Lintel"
    letter.add_heading(printable(table.title), level=1)
    for line in (*table.about, report.generated, *report.as_of):
        letter.add_paragraph(printable(line))
    _grid(letter, report)
    for line in table.legend:
        letter.add_paragraph(line)
    if table.signed:
        letter.add_paragraph()
        letter.add_paragraph(f"Date {LINE}    Responsible {LINE}    Approved {LINE}")
    file = io.BytesIO()
    letter.save(file)
    return file.getvalue()


def _page(letter: Letter) -> None:
    """A4 on its side."""
    section = letter.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(12)
    style = letter.styles["Normal"]
    style.font.size = Pt(9)
    style.paragraph_format.space_after = Pt(2)


def _grid(letter: Letter, report: Report) -> None:
    told = report.table
    if not told.rows:
        letter.add_paragraph("There is nothing in this period.")
        return
    grid = letter.add_table(rows=1 + len(told.rows) + len(told.footers), cols=len(told.columns), style="Table Grid")
    rows = list(grid.rows)
    _fill(rows[0], tuple(column.heading for column in told.columns), bold=True)
    _repeat(rows[0])
    for row, cells in zip(rows[1:], (*told.rows, *told.footers), strict=True):
        _fill(row, cells)
    _widths(grid, [column.width for column in told.columns])


def _fill(row: _Row, cells: Row, *, bold: bool = False) -> None:
    for place, cell in zip(row.cells, cells, strict=True):
        _write(place, text_of(cell), bold=bold)


def _write(place: _Cell, text: str, *, bold: bool) -> None:
    run = place.paragraphs[0].add_run(text)
    run.bold, run.font.size = bold, Pt(7)


def _repeat(row: _Row) -> None:
    """The headings stand on every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001 (the library has no other way)


def _widths(grid: Table, characters: list[int]) -> None:
    for column, wide in zip(grid.columns, characters, strict=True):
        column.width = Mm(273 * wide / sum(characters))
