"""The programs of the system that the appliance runs: where they are, and what this nginx can do."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused

_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # sbin is not on an ordinary user's PATH
_STREAM_MODULE = "ngx_stream_module.so"


@dataclass(frozen=True)
class Nginx:
    """*stream_module* is the file to load, or empty if stream is built in."""

    program: str
    version: tuple[int, ...]
    stream_module: str

    @property
    def http2_is_a_directive(self) -> bool:
        """Since 1.25.1 ``http2 on;`` is written for a server; before, it was a word of ``listen``."""
        return self.version >= (1, 25, 1)


def find_nginx() -> Nginx:
    """The installed nginx; Refused names the package that is missing."""
    program = _find("nginx", package="nginx")
    told = subprocess.run([program, "-V"], capture_output=True, text=True, check=True).stderr  # noqa: S603  # found above
    version = re.search(r"nginx version: nginx/([0-9.]+)", told)
    if version is None:
        raise Refused(f"{program} -V does not tell its version: it is not the nginx that Debian or Ubuntu package.")
    if "--with-stream_ssl_preread_module" not in told:
        raise Refused(f"{program} cannot share one port between the site and TURN. Install the package nginx-full.")
    module = ""
    if "--with-stream=dynamic" in told:
        folder = re.search(r"--modules-path=(\S+)", told)
        module = str(Path(folder[1] if folder else "/usr/lib/nginx/modules") / _STREAM_MODULE)
        if not Path(module).is_file():
            raise Refused("nginx lacks its stream module. Install the package libnginx-mod-stream.")
    return Nginx(program, tuple(int(part) for part in version[1].split(".")), module)


def fault_of_nginx_conf(run: Path, conf: Path) -> str:
    """What nginx in the folder *run* has against *conf* and the certificate that it names; empty if nothing."""
    words = [find_nginx().program, "-t", "-q", "-e", "stderr", "-p", str(run), "-c", str(conf)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # packaged, our own files
    return told.stderr.strip() if told.returncode else ""


def find_turnserver() -> str:
    """Path of coturn's server; Refused names the package that is missing."""
    return _find("turnserver", package="coturn")


def _find(name: str, *, package: str) -> str:
    program = shutil.which(name, path=_SEARCH)
    if program is None:
        raise Refused(f"There is no {name} on this machine. Install the package {package}: sudo apt install {package}")
    return program
