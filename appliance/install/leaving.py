"""Before Wellhouse is removed: saying what goes and what stays, and being told that this is meant."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from appliance.install.record import Places, read_table
from core.errors import Invalid, Refused

AND_DATA = "--and-data"


def agreed(arguments: Sequence[str], places: Places) -> bool:
    """Whether the data go too. Refused if nobody said so in the way that is asked for."""
    and_data, hostname = _options(arguments)
    name = str(read_table(places.settings).get("site", {}).get("hostname", ""))
    table = read_table(places.settings)
    data = table.get("paths", {}).get("data", "/var/lib/wellhouse")
    targets = table.get("backup", {}).get("targets", [])
    print("These go: the services, Wellhouse's firewall rules, its code in /opt/wellhouse, the configuration it made.")
    if and_data:
        print(f"These go too, for ever: the data in {data}, keys, settings and certificates in {places.etc}, the logs.")
    else:
        print(f"These stay: the data in {data}; keys, settings and certificates in {places.etc}; their accounts.")
    backups = f"the backups in {', '.join(targets)}" if targets else "backups, wherever they are"
    print(f"These stay in any case: packages of the system, and {backups}.")
    at_terminal = sys.stdin.isatty()
    if and_data:
        typed = hostname
        if not typed and at_terminal:
            typed = input(f"\nType the site's name, {name}, to erase its data for ever: ").strip()
        if not name or typed != name:
            raise Refused("That is not the site's name. Nothing was changed.")
    elif at_terminal and input("\nType yes to go on: ").strip().lower() != "yes":
        raise Refused("Nothing was changed.")
    return and_data


def _options(arguments: Sequence[str]) -> tuple[bool, str]:
    """Whether the data go, and the hostname that was given with it."""
    and_data, hostname, rest = False, "", list(arguments)
    while rest:
        option = rest.pop(0)
        if option == AND_DATA:
            and_data = True
        elif option == "--hostname" and rest:
            hostname = rest.pop(0)
        else:
            raise Invalid(f"--uninstall does not know {option}. It takes --and-data, and --hostname NAME with that.")
    return and_data, hostname
