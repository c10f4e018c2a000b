"""The page's two connections, each alone in a browser with a server that this test plays."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import webapp.appointments.visit

STATIC = Path(webapp.appointments.visit.__file__).parent / "static"

# A room whose websocket is played by the test: `said` is what the page sends, `hear` is what it is sent.
_ROOM = """async () => {
  const sockets = [];
  window.said = [];
  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 1;
    constructor() { super(); sockets.push(this); setTimeout(() => this.dispatchEvent(new Event("open"))); }
    send(text) { window.said.push(JSON.parse(text)); }
    close() {}
  };
  window.hear = (message) =>
    sockets[0].dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  window.fetch = async () => new Response(JSON.stringify({ grant: "g", ice_servers: [], people: [] }),
    { headers: { "Content-Type": "application/json" } });
  const audio = new AudioContext();
  const [track] = audio.createMediaStreamDestination().stream.getTracks();
  const devices = Object.assign(new EventTarget(), { tracks: { microphone: track }, isOn: () => true });
  const nothing = new Proxy({}, { get: () => () => "" });
  const { Room } = await import("/visit/room.js");
  window.room = new Room({ signalling_url: "wss://played/", urls: { entry: "/entry" } }, devices, nothing, nothing);
  window.room.enter();
}"""
_WELCOME = {"type": "welcome", "version": 1, "resumed": False, "resume": "r", "people": []}
_OFFER = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n"
    f"a=ice-pwd:{'p' * 24}\r\na=fingerprint:sha-256 {':'.join(['5C'] * 32)}\r\na=setup:actpass\r\na=rtcp-mux\r\n"
    "a=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:5 cname:x\r\n"
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def page(browsers: tuple[Browser, Browser]) -> Iterator[Page]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(STATIC)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    context = browsers[0].new_context()
    try:
        page = context.new_page()
        page.clock.install()  # it runs like any other until a test hurries it on
        page.goto(f"http://127.0.0.1:{server.server_port}/visit/types.js")
        page.evaluate(_ROOM)
        said(page, "hello")
        page.evaluate("hear", _WELCOME)
        yield page
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()


def said(page: Page, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """What the page has said of this kind, as soon as it has *count* times."""
    page.wait_for_function(
        "([kind, count]) => window.said.filter((one) => one.type === kind).length >= count", arg=[kind, count]
    )
    found: list[dict[str, Any]] = page.evaluate("(kind) => window.said.filter((one) => one.type === kind)", kind)
    return found


def test_the_page_lets_the_server_ask_for_lost_sound(page: Page) -> None:
    (offer,) = said(page, "publish")
    assert "a=rtcp-fb:111 nack\r\n" in offer["sdp"]


def test_a_publish_connection_that_the_server_has_lost_is_made_anew(page: Page) -> None:
    (first,) = said(page, "publish")
    page.evaluate("hear", {"type": "renew", "connection": "publish"})
    assert said(page, "renew") == [{"type": "renew", "connection": "publish"}]
    second = said(page, "publish", 2)[1]
    assert fingerprint(second["sdp"]) != fingerprint(first["sdp"])  # another connection, and not a restart of the first


def test_a_subscribe_connection_that_the_server_has_lost_is_made_anew(page: Page) -> None:
    tracks = [{"mid": "0", "participant": "ben", "source": "microphone"}]
    page.evaluate("hear", {"type": "subscribe", "number": 1, "sdp": _OFFER, "tracks": tracks})
    (first,) = said(page, "subscribed")
    page.evaluate("hear", {"type": "renew", "connection": "subscribe"})
    assert said(page, "renew") == [{"type": "renew", "connection": "subscribe"}]
    page.evaluate("hear", {"type": "subscribe", "number": 2, "sdp": _OFFER, "tracks": tracks})
    second = said(page, "subscribed", 2)[1]
    assert fingerprint(second["sdp"]) != fingerprint(first["sdp"])


def test_a_websocket_that_nothing_comes_from_is_given_up_and_resumed(page: Page) -> None:
    """As when the way to the server is gone: nobody closes it, and pings can be sent for minutes."""
    assert len(said(page, "hello")) == 1
    page.clock.run_for(11_000)
    assert said(page, "hello", 2)[1] == {"type": "hello", "version": 1, "resume": "r"}


def test_a_websocket_that_answers_is_kept(page: Page) -> None:
    for _ in range(8):
        page.clock.run_for(2_500)
        pings = page.evaluate("window.said.filter((one) => one.type === 'ping')")
        if pings:
            page.evaluate("hear", {"type": "pong", "number": pings[-1]["number"]})
    assert len(said(page, "ping", 3)) >= 3
    assert len(said(page, "hello")) == 1


def fingerprint(sdp: str) -> str:
    """The certificate of a description's connection."""
    return next(line for line in sdp.splitlines() if line.startswith("a=fingerprint"))
