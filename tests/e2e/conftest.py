import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from server.accounts.models import User
from tests.e2e.pages import CHROMIUM, FLAGS
from tests.factories_people import PASSWORD, make_account

expect.set_options(timeout=30_000)  # a busy machine is no fault of the pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, where Django would refuse the ORM of the tests themselves.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def admin() -> User:
    return make_account("admin", "ada")


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, admin: User) -> Iterator[Page]:
    """Signed in, and failing when the page breaks its own content security policy or a script fails."""
    opened = browser.new_page(base_url=live_server.url, viewport={"width": 1200, "height": 820})
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text) if "Security Policy" in message.text else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto("/")
    opened.get_by_label("Name").fill(admin.username)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    expect(opened.get_by_role("heading", name="Today")).to_be_visible()
    yield opened
    opened.close()
    assert problems == []
