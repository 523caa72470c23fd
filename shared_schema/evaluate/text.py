"""Reports for people: one line per value, nested ones indented."""

from collections.abc import Iterator, Mapping


def as_text(report: Mapping[str, object]) -> str:
    return "\n".join(_lines(report, ""))


def _lines(report: Mapping[str, object], indent: str) -> Iterator[str]:
    width = max((len(key) for key, value in report.items() if not isinstance(value, Mapping | list | tuple)), default=0)
    for key, value in report.items():
        match value:
            case Mapping() if value and all(isinstance(inner, float | int) for inner in value.values()):
                yield f"{indent}{key}: " + ", ".join(f"{name} {inner}" for name, inner in value.items())
            case Mapping():
                yield f"{indent}{key}:"
                yield from _lines(value, indent + "  ")
            case list() | tuple():
                yield f"{indent}{key}:"
                for item in value:
                    yield from _item(item, indent + "  ")
            case _:
                yield f"{indent}{key.ljust(width)}  {value}"


def _item(item: object, indent: str) -> Iterator[str]:
    match item:
        case Mapping() if all(isinstance(inner, float | int) for inner in item.values()):
            yield indent + ", ".join(f"{name} {inner}" for name, inner in item.items())
        case Mapping():
            yield from _lines(item, indent)
            yield ""
        case _:
            yield f"{indent}{item}"
