"""pebble, a certificate authority for tests that speaks ACME, with the tempers of real ones switched up."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.certificates.self_signed import self_signed
from core.addresses import LOOPBACK
from tests.appliance.folder import eventually, free_base

# Half of all requests are told that their nonce is stale, and half of what was proved must be proved again.
TEMPERS = {"PEBBLE_WFE_NONCEREJECT": "50", "PEBBLE_AUTHZREUSE": "50", "PEBBLE_VA_NOSLEEP": "1"}


@dataclass
class Pebble:
    """*root* is the file of the authority that its own https is signed by, *issuer* what those trust who trust it."""

    directory: str
    root: Path
    issuer: str
    names_port: int
    process: subprocess.Popen[bytes]

    def lose(self, name: str) -> None:
        """From now on there is no such name in the DNS."""
        self._tell("set-servfail", name)

    def find(self, name: str) -> None:
        self._tell("clear-servfail", name)

    def _tell(self, verb: str, name: str) -> None:
        body = json.dumps({"host": name}).encode()
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.names_port}/{verb}", body, timeout=5) as answer:
            assert answer.status == 200


@contextmanager
def running(
    folder: Path, http_port: int, *, where: Sequence[str] = (), name: str = "localhost", site: str = LOOPBACK
) -> Iterator[Pebble]:
    """An authority that asks for proofs on *http_port*; it looks for every name at *site*.

    It runs by the command *where*, as in another network, and listens on all addresses there; *name* is its own.
    """
    base = free_base()
    pair = self_signed((name,), at=datetime.now(UTC))
    chain, key, settings = folder / "pebble.pem", folder / "pebble.key", folder / "pebble.json"
    chain.write_bytes(pair.chain)
    key.write_bytes(pair.key)
    settings.write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": f"{'0.0.0.0' if where else LOOPBACK}:{base}",  # noqa: S104  # that network's own
                    "managementListenAddress": f"{LOOPBACK}:{base + 1}",
                    "certificate": str(chain),
                    "privateKey": str(key),
                    "httpPort": http_port,
                    "tlsPort": base + 4,
                    "certificateValidityPeriod": 90 * 86400,
                }
            }
        )
    )
    names = f"{LOOPBACK}:{base + 2}"
    off = [word for kind in ("http01", "https01", "tlsalpn01") for word in (f"-{kind}", "")]
    commands = [
        [
            *(*where, "pebble-challtestsrv", "-defaultIPv4", site, "-defaultIPv6", "", "-dns01", names, *off),
            *("-management", f"{LOOPBACK}:{base + 3}"),
        ],
        [*where, "pebble", "-strict", "-config", str(settings), "-dnsserver", names],
    ]
    with (folder / "pebble.log").open("wb") as log:
        started = [
            subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | TEMPERS)
            for command in commands
        ]
        try:
            eventually(lambda: b"Listening on" in (folder / "pebble.log").read_bytes())
            issuer = f"https://{LOOPBACK}:{base + 1}/roots/0"
            yield Pebble(f"https://{name}:{base}/dir", chain, issuer, base + 3, started[1])
        finally:
            for process in started:
                process.kill()
                process.wait()
