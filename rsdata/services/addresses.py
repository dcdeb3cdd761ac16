"""Which hosts may be asked for a file: public ones, unless others are allowed by name of their network.

A list of addresses from the web may hold `http://127.0.0.1:9200/` or `http://169.254.169.254/` (the machine's own
services, a cloud's credentials). Names are looked up where the connection is made, and what they answer is held
against the same rule, so that a name which points inside, or a redirect to one, gains nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from rsdata.errors import BadRecipe

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.ip_network("64:ff9b::/96")
INSIDE = ("localhost", "local", "internal", "lan", "home", "intranet", "corp")  # last label of names that mean here


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks from text such as 127.0.0.0/8 or 10.1.2.3. Raises BadRecipe."""
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise BadRecipe(f"allow: {error}; give networks such as 127.0.0.0/8 or 10.1.2.3") from error


def is_public(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether an address (text, no name) is one of the open internet, or lies in an allowed network.

    IPv6 forms that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are judged by it. Text that is none is not.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if any(address in network for network in allowed if network.version == address.version):
        return True
    return all(_global(one) for one in (address, *_carried(address)))


def host_is_inside(host: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a host as it stands in a URL means this machine or its network, as far as can be told without asking.

    Addresses are judged as above; 2130706433 and 0x7f.1 are addresses too; names are `localhost`, those without a dot,
    and those under .local, .internal and the like.
    """
    host = host.strip("[]").rstrip(".").lower()
    if not host:
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return not is_public(host, allowed)
    if all(part and (part.isdecimal() or part.startswith("0x")) for part in host.split(".")):
        return True  # an IPv4 address in a disguise that no honest list has
    return "." not in host or host.rpartition(".")[2] in INSIDE


def _global(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: Address) -> list[Address]:
    """IPv4 addresses inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = [a for a in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if a]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found
