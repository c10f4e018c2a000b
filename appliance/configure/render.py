"""The templates of nginx/, coturn/ and appliance/supervisor/, filled in from the settings."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import appliance
from appliance.certificates.files import certificate_files
from appliance.configure.files import group_name
from appliance.configure.programs import Nginx
from appliance.ports import has_ipv6
from core.addresses import LOOPBACK, relay_address
from core.settings import Settings, host_in_url, is_address

_HERE = Path(__file__).parent
# templates/ links to the top-level folders nginx/ and coturn/, so that a wheel carries them too.
TEMPLATE_FOLDERS = (_HERE / "templates", _HERE.parent / "supervisor", _HERE.parent / "firewall")

MIME_TYPES = Path("/etc/nginx/mime.types")  # nginx's own table, where Debian and Ubuntu put it
# TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
TLS12_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)

RELAY_BYTES_MOST = 5_000_000  # a second, each way, for one allocation: 40 Mb/s


@dataclass(frozen=True)
class Places:
    """Files and folders that several of the rendered files name."""

    etc: Path
    run: Path
    log: Path

    @classmethod
    def of(cls, settings: Settings) -> Places:
        return cls(Path(settings.paths.etc), Path(settings.paths.run), Path(settings.paths.log))

    @property
    def nginx_run(self) -> Path:
        return self.run / "nginx"

    @property
    def acme(self) -> Path:
        """Where answers to a certificate authority's questions are put, for nginx to show."""
        return self.run / "acme"

    @property
    def turn_run(self) -> Path:
        return self.run / "turn"

    @property
    def records(self) -> Path:
        """A folder for each part, in which it leaves its process group's number."""
        return self.run / "parts"

    @property
    def pages(self) -> Path:
        return self.etc / "pages"

    @property
    def trust(self) -> Path:
        """Pages for devices that are to trust the box's own authority."""
        return self.etc / "trust"

    @property
    def nginx_conf(self) -> Path:
        return self.etc / "nginx.conf"

    @property
    def closed_run(self) -> Path:
        """Beside the run folder: wellhouse-closed.service has it made, before anything of ours runs."""
        return self.run.with_name(f"{self.run.name}-closed")

    @property
    def closed_conf(self) -> Path:
        return self.etc / "closed.conf"

    @property
    def turnserver_conf(self) -> Path:
        return self.etc / "turnserver.conf"

    @property
    def supervisord_conf(self) -> Path:
        return self.etc / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    def record(self, part: str) -> Path:
        return self.records / part / f"{part}.json"


def nginx_conf(settings: Settings, nginx: Nginx) -> str:
    """The text of nginx.conf."""
    return fill(
        "nginx/nginx.conf.j2",
        settings=settings,
        places=Places.of(settings),
        nginx=nginx,
        certificate=certificate_files(settings),
        authority_asks=settings.certificates.source == "acme",
        trust_pages=settings.certificates.source == "local",
        names=[host_in_url(name) for name in settings.names],
        port_in_url="" if settings.ports.https == 443 else f":{settings.ports.https}",
        ipv6=has_ipv6(),
        group=group_name(settings.users.portal) if settings.users.portal else "",
        turn_at=f"{LOOPBACK}:{settings.ports.turn}",
        as_root=starter(settings) == 0,
        ciphers=":".join(TLS12_CIPHERS),
        mime_types=MIME_TYPES,
    )


def trust_page(settings: Settings, **about: object) -> str:
    """The text of the page that helps devices to trust the box's own authority (appliance.certificates.page)."""
    return fill("nginx/trust.html.j2", settings=settings, **about)


def closed_conf(settings: Settings) -> str:
    """The text of closed.conf: nginx for the one page that is shown while the box is locked."""
    places = Places.of(settings)
    return fill(
        "nginx/closed.conf.j2",
        settings=settings,
        places=places,
        run=places.closed_run,
        certificate=certificate_files(settings),
        port_in_url="" if settings.ports.https == 443 else f":{settings.ports.https}",
        ipv6=has_ipv6(),
        group=group_name(settings.users.portal) if settings.users.portal else "",
        as_root=starter(settings) == 0,
        ciphers=":".join(TLS12_CIPHERS),
        mime_types=MIME_TYPES,
    )


def turnserver_conf(settings: Settings) -> str:
    """The text of turnserver.conf."""
    peer = relay_address(settings.rtc)
    return fill(
        "coturn/turnserver.conf.j2",
        settings=settings,
        places=Places.of(settings),
        peer=peer,
        peer_is_loopback=peer == "::1" or peer.startswith("127."),
        bytes_most=RELAY_BYTES_MOST,
    )


def supervisord_conf(settings: Settings, *, config: Path, nginx: Nginx, turnserver: str) -> str:
    """The text of supervisord.conf. *config* is the settings file, which the parts read themselves."""
    return fill(
        "supervisord.conf.j2",
        settings=settings,
        places=Places.of(settings),
        config=config,
        nginx=nginx,
        turnserver=turnserver,
        python=sys.executable,
        source=source_folder(),
        as_root=starter(settings) == 0,
    )


def starter(settings: Settings) -> int:
    """User id of the account that starts the appliance: the owner of its run folder, or whoever asks if there is none.

    So root, looking at an ordinary user's appliance, sees it as its owner made it.
    """
    run = Path(settings.paths.run)
    return run.stat().st_uid if run.is_dir() else os.geteuid()


def source_folder() -> str:
    """The checkout that this runs from, for PYTHONPATH; empty when installed as a package."""
    folder = Path(appliance.__file__).resolve().parent.parent
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    return "" if folder in installed else str(folder)


def product_version() -> str:
    """The installed version; a bare checkout has none."""
    try:
        return version("wellhouse")
    except PackageNotFoundError:
        return "unreleased"


def fill(template: str, **values: object) -> str:
    # nginx, coturn and supervisor have no common quoting: core.settings refuses what any of them would misread,
    # and HTML escaping would only spoil the files.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader([str(folder) for folder in TEMPLATE_FOLDERS]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["is_address"] = is_address
    return environment.get_template(template).render(**values)
