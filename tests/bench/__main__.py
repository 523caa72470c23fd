"""`make bench`: runs every section there is, or those named on the command line. A section is a module with `main() -> None`."""

import importlib
import importlib.util
import sys

SECTIONS = ("face", "search", "foreign", "node", "capture", "memory", "ingest", "drain", "derive", "presence", "rebuild")


def main() -> int:
    wanted = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        print(f"bench: no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for name in wanted:
        if importlib.util.find_spec(f"tests.bench.{name}") is None:
            continue
        print(f"== {name}")
        importlib.import_module(f"tests.bench.{name}").main()
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
