"""A browser at the appliance's door, light enough that a hundred of them leave the machine to the appliance."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_SECURE = ssl.create_default_context()
_SECURE.check_hostname = False
_SECURE.verify_mode = ssl.CERT_NONE  # the appliance's own certificate, on this machine


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    text: str
    took_s: float
    location: str = ""


class Door:
    """Keeps cookies and one connection. *address* is the loopback address from which it comes."""

    def __init__(self, host: str, port: int, *, address: str = "127.0.0.1") -> None:
        self._connection = http.client.HTTPSConnection(
            host, port, timeout=60, context=_SECURE, source_address=(address, 0)
        )
        self.cookies: dict[str, str] = {}
        self._host = host if port == 443 else f"{host}:{port}"

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(fields))

    def token(self, path: str = "/sign-in") -> str:
        """The form token that the page at *path* carries."""
        found = _TOKEN.search(self.get(path).text)
        assert found, f"{path} has no form"
        return found[1]

    def sign_in(self, email: str, password: str, token: str) -> Answer:
        return self.post("/sign-in", {"csrf_token": token, "email": email, "password": password})

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Host": self._host}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        begun = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (http.client.HTTPException, ConnectionError):  # a kept connection that the other side has closed
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        text = answer.read().decode()
        took_s = time.perf_counter() - begun
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return Answer(answer.status, text, took_s, answer.headers.get("Location", ""))
