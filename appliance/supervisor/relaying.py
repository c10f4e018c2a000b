"""coturn goes on relaying when this machine's address changes: a lease, a cable that is plugged in after the start.

coturn learns the media server's address, and listens on the addresses that there are, when it starts; the media server
follows by itself.
"""

from __future__ import annotations

from appliance.box import Box
from appliance.configure.apply import configuration_files
from appliance.configure.files import write
from appliance.supervisor import control
from core.addresses import interface_addresses, relay_address

LOOK_EVERY_S = 10.0


def follow(box: Box, peer: str) -> str:
    """The address that coturn relays to from now on; it is started again if this machine has no *peer* any more.

    Its relayed calls had ended with the address. As long as there is no address at all, as without a cable, the old one
    may come back.
    """
    settings = box.settings
    present = interface_addresses()
    if settings.rtc.relay_address or settings.rtc.addresses or not present or peer in present:
        return peer
    for file in configuration_files(settings, box.config):
        if file.path == box.places.turnserver_conf:
            write(file.path, file.content, mode=file.mode, own=file.own)
    control.start_again(box.places.supervisor_socket, "coturn")
    return relay_address(settings.rtc)
