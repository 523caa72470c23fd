"""Reports as CSV and XLSX. What begins like a formula is text in both."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from server.core.csv_lists import csv_text, harmless
from server.reports.making import Report
from server.reports.tables import Row, duration

_FORMATS = {"time": "hh:mm", "date": "yyyy-mm-dd", "duration": "[h]:mm"}
_SHEET = "Report"


def csv_of(report: Report) -> bytes:
    """The columns and rows alone: dates and times in ISO 8601 with the offset of the site, durations as hours and minutes."""
    columns = [(column.heading, _getter(number)) for number, column in enumerate(report.table.columns)]
    return csv_text(columns, report.table.rows).encode()


def xlsx_of(report: Report) -> bytes:
    """Real dates, times and durations; the headings stay while one scrolls."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"title": report.table.title, "created": report.made_at.replace(tzinfo=None)})
    _Sheet(book, report).write()
    book.close()
    return file.getvalue()


class _Sheet:
    """One worksheet, filled from top to bottom."""

    def __init__(self, book: xlsxwriter.Workbook, report: Report) -> None:
        self._report, self._table = report, report.table
        self._sheet: Worksheet = book.add_worksheet(_SHEET)
        self._plain = {name: book.add_format({"num_format": shape}) for name, shape in _FORMATS.items()}
        self._bold = {name: book.add_format({"num_format": shape, "bold": True, "top": 1}) for name, shape in _FORMATS.items()}
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._total = book.add_format({"bold": True, "top": 1})

    def write(self) -> None:
        table, line = self._table, 0
        for number, text in enumerate((table.title, *table.about, self._report.generated, *self._report.as_of)):
            self._sheet.write_string(number, 0, text, *([self._title] if number == 0 else []))
            line = number + 2
        for number, column in enumerate(table.columns):
            self._sheet.set_column(number, number, column.width)
            self._sheet.write_string(line, number, column.heading, self._heading)
        self._sheet.freeze_panes(line + 1, 1)
        if table.rows:
            self._sheet.autofilter(line, 0, line + len(table.rows), len(table.columns) - 1)
        for row in table.rows:
            line += 1
            self._write_row(line, row, self._plain, None)
        for row in table.footers:
            line += 1
            self._write_row(line, row, self._bold, self._total)
        for number, text in enumerate(table.legend):
            self._sheet.write_string(line + 2 + number, 0, text)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)

    def _write_row(self, line: int, row: Row, formats: dict[str, Format], plain: Format | None) -> None:
        for number, cell in enumerate(row):
            if isinstance(cell, datetime):
                self._sheet.write_datetime(line, number, cell.replace(tzinfo=None), formats["time"])
            elif isinstance(cell, date):
                self._sheet.write_datetime(line, number, cell, formats["date"])
            elif isinstance(cell, timedelta):
                self._sheet.write_datetime(line, number, cell, formats["duration"])
            elif isinstance(cell, int):
                self._sheet.write_number(line, number, cell, plain)
            elif cell:
                self._sheet.write_string(line, number, harmless(cell), plain)


def _getter(number: int) -> Callable[[Row], object]:
    def value(row: Row) -> object:
        cell = row[number]
        return duration(cell) if isinstance(cell, timedelta) else cell

    return value
