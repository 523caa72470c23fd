"""The size of a JPEG, read from its header before anything is decoded. Pure."""

MAX_PIXELS = 4_000_000
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STAND_ALONE = {0x01, *range(0xD0, 0xD8)}


def pixels(data: bytes) -> int | None:
    """Width × height; None when it is no JPEG."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STAND_ALONE:
            at += 2
        elif marker in _FRAME_HEADERS:
            return int.from_bytes(data[at + 5 : at + 7]) * int.from_bytes(data[at + 7 : at + 9]) or None
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    return None
