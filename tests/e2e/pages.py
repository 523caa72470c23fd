"""How tests look at pages: in which browser, how wide, how light, and where the pictures go (LINTEL_SHOTS=DIR)."""

import os
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SHOTS = os.environ.get("LINTEL_SHOTS")
IN_A_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here; install Debian's chromium to run the pages in a browser"),
    pytest.mark.django_db(transaction=True),
]


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True, caret="initial")  # hiding it is an inline style


def look_at(page: Page, name: str, url: str = "") -> None:
    """Light, dark and as wide as a phone: nothing is wider than the window."""
    if url:
        page.goto(url)
    looks: list[tuple[str, Literal["light", "dark"], int]] = [
        ("light", "light", 1200), ("dark", "dark", 1200), ("phone", "light", 390), ("phone-dark", "dark", 390),
    ]  # fmt: skip
    for look, scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 820})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} {look} scrolls sideways"
        shoot(page, f"{name}-{look}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1200, "height": 820})
