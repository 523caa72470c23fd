"""The part of the server's REST API that the demo speaks. Nothing the demo reports comes from anywhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import requests

from deploy.local.errors import DemoError

SECONDS = 30
Json = dict[str, object]


class ApiError(DemoError):
    """The server refused a request; the message is the server's own sentence."""


class UnreachableError(DemoError):
    """The server does not answer just now."""


@dataclass(frozen=True, slots=True)
class SeenPass:
    """A sighting as the API tells it."""

    id: str
    captured_at: datetime
    outcome: str
    person: str | None
    similarity: float | None

    @classmethod
    def read(cls, item: Json) -> Self:
        person, similarity = item.get("person"), item.get("similarity")
        return cls(
            id=str(item["id"]),
            captured_at=datetime.fromisoformat(str(item["captured_at"])),
            outcome=str(item["outcome"]),
            person=str(person["name"]) if isinstance(person, dict) else None,
            similarity=float(similarity) if isinstance(similarity, (int, float)) else None,
        )


@dataclass(frozen=True, slots=True)
class Day:
    """One person's open day."""

    person: str
    date: str
    first_seen: str
    last_seen: str

    @classmethod
    def read(cls, item: Json) -> Self:
        person = item["person"]
        name = str(person["name"]) if isinstance(person, dict) else str(person)
        return cls(person=name, date=str(item["date"]), first_seen=str(item["first_seen"]), last_seen=str(item["last_seen"]))

    def covers(self, at: datetime) -> bool:
        return datetime.fromisoformat(self.first_seen) <= at <= datetime.fromisoformat(self.last_seen)


class Api:
    """A logged-in caller of the server at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business between two programs of one machine

    def healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return self._session.get(f"{self.address}/api/v1/health", timeout=5).ok
        except requests.RequestException:
            return False

    def log_in(self, username: str, password: str) -> None:
        """Every later call is this account's."""
        token = self.post("auth/token", {"username": username, "password": password})["token"]
        self._session.headers["Authorization"] = f"Token {token}"

    def post(self, path: str, body: Json) -> Json:
        return self._object(self._send("POST", path, json=body))

    def patch(self, path: str, body: Json) -> Json:
        return self._object(self._send("PATCH", path, json=body))

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def post_image(self, path: str, name: str, image: bytes) -> Json:
        """Upload an image as the multipart field `image`."""
        return self._object(self._send("POST", path, files={"image": (name, image)}))

    def get(self, path: str, **query: str) -> Json:
        return self._object(self._send("GET", path, params=query))

    def every(self, path: str, **query: str) -> Iterator[Json]:
        """All items of a list, page after page."""
        page: Json | list[object] = self._read(self._send("GET", path, params=query))
        while True:
            items = page if isinstance(page, list) else page.get("results", [])
            yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
            following = page.get("next") if isinstance(page, dict) else None
            if not following:
                return
            page = self._read(self._send("GET", str(following)))

    def sightings(self, **query: str) -> Iterator[SeenPass]:
        return (SeenPass.read(item) for item in self.every("sightings", **query))

    def attendance(self, **query: str) -> list[Day]:
        return [Day.read(item) for item in self.every("open-days", **query)]

    def _send(self, method: str, path: str, **arguments: object) -> requests.Response:
        url = path if path.startswith("http") else f"{self.address}/api/v1/{path}"
        try:
            response = self._session.request(method, url, timeout=SECONDS, **arguments)  # type: ignore[arg-type]
        except requests.RequestException as error:
            raise UnreachableError(f"the server at {self.address} does not answer: {error.__class__.__name__}") from error
        if not response.ok:
            raise ApiError(_sentence(response))
        return response

    @staticmethod
    def _read(response: requests.Response) -> Json | list[object]:
        try:
            found = response.json()
        except ValueError as error:
            raise DemoError(f"{response.url} did not answer with JSON; is another program listening on this port?") from error
        if isinstance(found, (dict, list)):
            return found
        raise DemoError(f"{response.url} answered with something unexpected")

    def _object(self, response: requests.Response) -> Json:
        found = self._read(response)
        if isinstance(found, dict):
            return found
        raise DemoError(f"{response.url} answered with a list where one thing was expected")


def _sentence(response: requests.Response) -> str:
    """The server's own words where it gives any."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    words = problem.get("detail") or problem.get("title") if isinstance(problem, Mapping) else None
    errors = problem.get("errors") if isinstance(problem, Mapping) else None
    suffix = f" {errors}" if errors else ""
    return f"{words}{suffix}" if words else f"the server answered {response.status_code} to {response.request.method} {response.url}"
