"""Having nginx show the certificate that lies on disk, in the middle of whatever goes on.

nginx starts new workers with the new certificate; those of before take nothing new and end with their last
connection. So calls, websockets and live notices that pass through them stay as they are. coturn has no certificate
to reload: nginx ends TLS for it.
"""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from appliance import health
from appliance.box import Box
from appliance.certificates.files import certificate_files, read_certificate
from appliance.configure.programs import fault_of_nginx_conf
from appliance.supervisor import control
from core.errors import Refused

SHOWN_WITHIN_S = 15.0
ASK_EVERY_S = 0.1


def shown_is_older(box: Box) -> bool:
    """Whether the site answers with another certificate than lies on disk; no, if it does not answer at all."""
    shown = health.shown_certificate(box.settings)
    return shown is not None and shown != _on_disk(box)


def reload(box: Box) -> None:
    """Return when the site shows the certificate on disk. Refused says why it does not, and what runs is left as it is.

    Configuration and pair are looked at first: nginx would go on with the old ones and say so in its log only.
    """
    _refuse_mismatch(box)
    if fault := fault_of_nginx_conf(box.places.nginx_run, box.places.nginx_conf):
        raise Refused(f"nginx would refuse its configuration, so it was not told: {fault}")
    try:
        control.hang_up(box.places.supervisor_socket, "nginx")
    except control.NotRunning as e:
        raise Refused(
            "The appliance is not running, or not under this settings file. It reads the certificate when it starts."
        ) from e
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while health.shown_certificate(box.settings) != _on_disk(box):
        if time.monotonic() > deadline:
            raise Refused("nginx still shows the certificate of before. Look at nginx.log for its reason.")
        time.sleep(ASK_EVERY_S)


def _on_disk(box: Box) -> bytes:
    return read_certificate(certificate_files(box.settings).chain).public_bytes(Encoding.DER)


def _refuse_mismatch(box: Box) -> None:
    files = certificate_files(box.settings)
    try:
        key = load_pem_private_key(files.key.read_bytes(), password=None)
    except (ValueError, TypeError) as e:
        raise Refused(f"{files.key} is not a private key that nginx can read. Nothing was changed.") from e
    if key.public_key() != read_certificate(files.chain).public_key():
        raise Refused(f"{files.key} does not belong to {files.chain}. Nothing was changed.")
