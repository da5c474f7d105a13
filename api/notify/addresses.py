"""Which addresses a notification may be sent to: a subscriber's URL must not open inner doors."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from api.notify.errors import SubscriberRefused

__all__ = ["DEFAULT_NETWORKS", "Network", "Networks", "check_url"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

# Whatever is allowed beside them: a machine's secrets are there, or many machines.
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "::/128",
        "169.254.0.0/16",
        "fe80::/10",
        "224.0.0.0/4",
        "ff00::/8",
        "240.0.0.0/4",
        # Clouds' metadata that is not link-local: Alibaba, Azure, Oracle, AWS, Google.
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
    )
)
# IPv6 addresses that end in an IPv4 address, which a gateway would connect to.
_EMBEDDING = tuple(ipaddress.IPv6Network(text) for text in ("::/96", "64:ff9b::/96"))
_IPV4 = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks that are not public and yet allowed; public addresses always are."""

    allowed: tuple[Network, ...]

    @classmethod
    def read(cls, text: str) -> Networks:
        """From CIDRs, separated by commas; raises ``ValueError``."""
        parts = [part.strip() for part in text.split(",")]
        return cls(tuple(ipaddress.ip_network(part) for part in parts if part))

    def refusal(self, text: str) -> str | None:
        """Why nothing is sent to an address; None where it may be."""
        # Without the zone of a link-local address.
        address = _innermost(ipaddress.ip_address(text.partition("%")[0]))
        if _is_in(address, _NEVER):
            return f"{address} is link-local, a cloud's metadata, or no address of one machine"
        if address.is_global or _is_in(address, self.allowed):
            return None
        return f"{address} is private, and LEDGER_SUBSCRIBER_NETWORKS does not allow it"


def check_url(url: str, networks: Networks) -> str:
    """A subscriber's URL; ``SubscriberRefused`` where nothing can or may be sent to it.

    A name is judged when it is connected to: it may resolve to anything by then.
    """
    parts = _split(url)
    host = parts.hostname or ""
    try:
        refusal = networks.refusal(host)
    except ValueError:
        return url  # a name
    if refusal is not None:
        raise _refused(f"url is not allowed: {refusal}")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise _refused(f"url cannot be read: {error}") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or not has_port or not is_plain:
        raise _refused("url must be http://… or https://…, in ASCII and without blanks")
    if parts.username is not None or parts.password is not None:
        raise _refused("url must have no user and password: signatures prove the sender")
    if parts.fragment:
        raise _refused("url must have no #fragment: it is never sent")
    return parts


def _refused(text: str) -> SubscriberRefused:
    return SubscriberRefused(text, parameter="url")


def _innermost(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in (ipaddress.IPv6Address("::"), ipaddress.IPv6Address("::1")):
            return address
        if embedded is None and any(address in network for network in _EMBEDDING):
            embedded = ipaddress.IPv4Address(int(address) & _IPV4)
        return embedded or address
    return address


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
