"""An S3 store on a loopback port, as much of it as a backup needs: signatures are checked, deleting can be denied.

After Amazon's reference (API versions 2006-03-01): path-style buckets, ListObjectsV2 in pages, ranges, quoted ETags,
bodies signed in chunks, XML errors. Its user may be denied to delete, as by an IAM policy; a lock file it may.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET_KEY = "WELLHOUSETEST", "invented-secret-of-the-tests"
REGION = "us-east-1"
PAGE = 5  # so that listing goes over several pages


@dataclass
class Store:
    """*objects* by ``bucket/key``. *may_delete* is the policy; *broken* answers everything with 503."""

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    buckets: set[str] = field(default_factory=set)
    may_delete: bool = True
    broken: bool = False
    denied: int = 0

    @property
    def url(self) -> str:
        return f"s3:http://127.0.0.1:{self.port}"


@contextmanager
def serving() -> Iterator[Store]:
    """A store, empty, until the block ends."""
    store = Store()

    class Handler(_Handler):
        asked = store

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Store

    def do_GET(self) -> None:
        self._answer_get(body_too=True)

    def do_HEAD(self) -> None:
        self._answer_get(body_too=False)

    def do_PUT(self) -> None:
        body = self._body()
        if not self._let_in():
            return
        name = self._name()
        if "/" not in name:
            self.asked.buckets.add(name)
        elif name.split("/")[0] in self.asked.buckets:
            self.asked.objects[name] = body
        else:
            self._error(404, "NoSuchBucket")
            return
        self._send(200, b"", {"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})

    def do_DELETE(self) -> None:
        if not self._let_in():
            return
        if not self.asked.may_delete and "/locks/" not in self._name():
            self.asked.denied += 1
            self._error(403, "AccessDenied")
            return
        self.asked.objects.pop(self._name(), None)
        self._send(204, b"")

    def _answer_get(self, *, body_too: bool) -> None:
        if not self._let_in():
            return
        name, query = self._name(), self._query()
        if "location" in query:
            self._send(200, f"<LocationConstraint>{REGION}</LocationConstraint>".encode())
        elif "/" not in name and name not in self.asked.buckets:
            self._error(404, "NoSuchBucket", body_too=body_too)
        elif "/" not in name:
            self._send(200, self._listing(name, query), body_too=body_too)
        elif (found := self.asked.objects.get(name)) is None:
            self._error(404, "NoSuchKey", body_too=body_too)
        else:
            self._send_object(found, body_too=body_too)

    def _send_object(self, found: bytes, *, body_too: bool) -> None:
        tag = hashlib.md5(found, usedforsecurity=False).hexdigest()
        about = {"ETag": f'"{tag}"', "Last-Modified": formatdate(0, usegmt=True), "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if not wanted:
            self._send(200, found, about, body_too=body_too)
            return
        first, _, last = wanted.partition("-")
        part = found[int(first) : int(last) + 1 if last else None]
        about["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(found)}"
        self._send(206, part, about, body_too=body_too)

    def _listing(self, bucket: str, query: dict[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        names = sorted(
            name.removeprefix(f"{bucket}/") for name in self.asked.objects if name.startswith(f"{bucket}/{prefix}")
        )
        folders: list[str] = []
        if delimiter:
            inside = [name.removeprefix(prefix) for name in names]
            folders = sorted({prefix + name.split(delimiter)[0] + delimiter for name in inside if delimiter in name})
            names = [prefix + name for name in inside if delimiter not in name]
        after = query.get("continuation-token", "")
        rest = [name for name in names if name > after]
        page, more = rest[:PAGE], len(rest) > PAGE
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.asked.objects[f'{bucket}/{name}'])}</Size>"
            "<LastModified>1970-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag></Contents>"
            for name in page
        )
        prefixes = "".join(f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in folders)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"{contents}{prefixes}</ListBucketResult>"
        ).encode()

    def _let_in(self) -> bool:
        """Whether to go on; else it is answered already."""
        if self.asked.broken:
            self._error(503, "SlowDown")
            return False
        if self.headers.get("Authorization", "").replace(", ", ",") != _authorization(self):
            self._error(403, "SignatureDoesNotMatch")
            return False
        return True

    def _body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.headers.get("X-Amz-Content-Sha256", "").startswith("STREAMING-"):
            return raw
        body = b""
        while raw:  # length;chunk-signature=…\r\n, the chunk, \r\n
            head, _, raw = raw.partition(b"\r\n")
            length = int(head.split(b";")[0], 16)
            body, raw = body + raw[:length], raw[length + 2 :]
        return body

    def _name(self) -> str:
        return urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/")

    def _query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))

    def _error(self, status: int, code: str, *, body_too: bool = True) -> None:
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode() if body_too else b""
        self._send(status, body)

    def _send(self, status: int, body: bytes, about: dict[str, str] | None = None, *, body_too: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/xml", **(about or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body_too:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test says what was wrong."""


def _authorization(request: _Handler) -> str:
    """The header that the right key gives (Signature Version 4)."""
    given = request.headers.get("Authorization", "")
    fields = dict(part.strip().partition("=")[::2] for part in given.partition(" ")[2].split(","))
    signed = fields.get("SignedHeaders", "")
    day = request.headers.get("X-Amz-Date", "")[:8]
    scope = f"{day}/{REGION}/s3/aws4_request"
    split = urllib.parse.urlsplit(request.path)
    query = sorted(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
    canonical = "\n".join(
        [
            request.command,
            split.path,
            "&".join(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for k, v in query),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed.split(";")),
            "",
            signed,
            request.headers.get("X-Amz-Content-Sha256", ""),
        ]
    )
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers.get("X-Amz-Date", ""),
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET_KEY}".encode()
    for step in (day, REGION, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope},SignedHeaders={signed},Signature={signature}"
