"""Requests to addresses that users give: webhooks and connected services.

Whoever may name an address must not reach the machine's own network through the sidecar (SSRF). So the name
is resolved once, every address it has is judged, and the connection goes to exactly the address that was
judged: a name that resolves to something else a moment later (DNS rebinding) changes nothing. TLS still
verifies the name. Redirects are not followed and proxies of the environment not used.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import certifi

from sidecar.core.errors import DevSkyyError

Address = IPv4Address | IPv6Address
Resolve = Callable[..., list[Any]]

URL_MAX = 500
CONNECT_S = 5.0
ADDRESSES_TRIED = 3
CHUNK = 16_384
AGENT = "DevSkyy"

PRIVATE = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128",
                 "fc00::/7")
)  # fmt: skip
"""What `allow_private` opens: private (RFC 1918, RFC 4193), loopback and carrier-grade NAT (RFC 6598)."""

METADATA = frozenset(
    ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16",
                 "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")
)  # fmt: skip
"""Where clouds hand out credentials to whoever asks; nothing opens these."""

GLOBAL_V6 = ip_network("2000::/3")
NAT64 = ip_network("64:ff9b::/96")
TUNNELS = (ip_network("2002::/16"), ip_network("2001::/32"))
"""6to4 (RFC 7526) and Teredo: out of use, and an IPv4 address hides in them."""

BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672,
     5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9200, 9300, 10080, 10250, 11211,
     27017}
)  # fmt: skip
"""Ports above 1023 whose services are no web servers, or obey whoever reaches them."""

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")


class AddressRefused(DevSkyyError):
    """The sidecar does not send to this address."""

    status = 422
    code = "address_refused"


class Unreachable(DevSkyyError):
    """The address gave no answer, or none in time; `details["why"]`: dns, connect, tls, timeout or answer."""

    status = 502
    code = "unreachable"


@dataclass(frozen=True)
class Target:
    """A URL taken apart once, so that no second parser can read it otherwise."""

    https: bool
    host: str
    port: int
    path: str
    literal: Address | None


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is cut at `max_bytes`, then `truncated` is set."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_ms: int
    truncated: bool = False


def check_url(url: str, *, allow_private: bool = False, allow_http: bool = False) -> Target:
    """The URL taken apart; AddressRefused when its form, scheme, port or literal address is refused.

    Asks no name server: `send` judges what the name resolves to.
    """
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or re.search(r'[\s\\"<>^`{|}]', url):
        raise _refused(
            "The address holds characters that no URL has, or is longer than 500.",
            "Write it in ASCII: international names as xn--…, other characters as %XX.",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("The address is no URL.", "Write it as https://name/path.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _refused("The address is no http or https URL.", "Write it as https://name/path.")
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise _refused("The address is no IPv6 address.", "Write it as https://name/path.")
    if "@" in parts.netloc:
        raise _refused("The address holds credentials.", "Leave user and password out; use the signature.")
    https = parts.scheme == "https"
    host, literal = _host(parts.hostname)
    port = (443 if https else 80) if port is None else port
    if port not in (80, 443) and (port < 1024 or port in BAD_PORTS):
        raise _refused(f"Port {port} is not for web servers.", "Use 443, 80, or another port above 1023.")
    _judge_name(host, literal, allow_private)
    if not https and not allow_http and not (allow_private and (literal is None or is_private(literal))):
        raise _plain()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(https, host, port, path, literal)


def _host(host: str) -> tuple[str, Address | None]:
    """A name in lower case without its final dot, and its address where it is one in its only spelling."""
    host = host.lower().removesuffix(".")
    if ":" in host:
        try:
            if "%" in host:
                raise ValueError
            return host, IPv6Address(host)
        except ValueError:
            raise _refused("The address is no IPv6 address.", "Leave zones (%eth0) out.") from None
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise _refused("The address holds no valid name.", "Write it as https://name/path.")
    if not NUMERIC.fullmatch(host.rpartition(".")[2]):
        return host, None
    try:  # decimal, octal, hexadecimal and short forms are for hiding: one spelling is enough
        return host, IPv4Address(host)
    except ValueError:
        raise _refused("The address is spelled oddly.", "Write IPv4 as four decimal numbers.") from None


def _judge_name(host: str, literal: Address | None, allow_private: bool) -> None:
    if literal is not None:
        if reason := why_refused(literal, allow_private=allow_private):
            raise _closed(host, reason)
    elif not allow_private and ("." not in host or any(f".{host}".endswith(f".{n}") for n in LOCAL_NAMES)):
        raise _closed(host, "private")


def why_refused(address: Address, *, allow_private: bool = False) -> str | None:
    """Why nothing is sent to an address: metadata, private, link-local, multicast, tunnel or reserved; None
    when it is public, or private and allowed."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return why_refused(inner, allow_private=allow_private)
    if address in METADATA:
        return "metadata"
    if is_private(address):
        return None if allow_private else "private"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if any(address in network for network in TUNNELS):
        return "tunnel"
    if address.version == 6 and (address not in GLOBAL_V6 or _isatap(address)):
        return "reserved"
    return None if address.is_global and not address.is_reserved else "reserved"


def is_private(address: Address) -> bool:
    """Whether it is one of those that `allow_private` opens; forms that hold an IPv4 address count as it."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return is_private(address.ipv4_mapped)
    return any(address in network for network in PRIVATE)


def _isatap(address: Address) -> bool:
    """An IPv4 address as interface id (RFC 5214): a tunnel into a private network."""
    return (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE


def resolve_once(
    target: Target, *, allow_private: bool, allow_http: bool = False, resolve: Resolve | None = None
) -> list[tuple[int, tuple[Any, ...]]]:
    """(family, socket address) of each address a target has, in the resolver's order (getaddrinfo's).

    AddressRefused when any of them is refused: a name with one public and one private address is a trap.
    """
    try:
        found = (resolve or socket.getaddrinfo)(
            target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unreachable(
            f"The name {target.host} does not resolve.",
            hint="Check its spelling, and the name server of the sidecar's machine.",
            details={"why": "dns"},
        )
    addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
    for address in addresses:
        if reason := why_refused(address, allow_private=allow_private):
            raise _closed(target.host, reason)
    if not target.https and not allow_http and not all(map(is_private, addresses)):
        raise _plain()
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10.0,
    allow_private: bool = False,
    allow_http: bool = False,
    max_bytes: int = 65_536,
    context: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
) -> Answer:
    """One request and its answer, whatever its status; redirects are answers like others.

    `timeout` is for all of it in seconds, from connecting to the last byte. Plain http takes `allow_http`, or
    `allow_private` and a private address. Raises AddressRefused, or Unreachable when there is no answer.
    """
    started = time.monotonic()
    target = check_url(url, allow_private=allow_private, allow_http=allow_http)
    places = resolve_once(target, allow_private=allow_private, allow_http=allow_http, resolve=resolve)
    guard = _Guard()
    timer = threading.Timer(timeout, guard.strike)
    timer.daemon = True
    timer.start()
    connection: http.client.HTTPConnection | None = None
    try:
        sock = _connect(target, places, min(CONNECT_S, timeout))
        guard.watch(sock)
        connection = _connection(target, sock, timeout, context or _trusted())
        given = {"User-Agent": AGENT, "Accept-Encoding": "identity", **(headers or {}), "Connection": "close"}
        connection.request(method, target.path, body=body or None, headers=given)
        with connection.getresponse() as response:
            status, head, content = _read(response, max_bytes + 1)
        if guard.struck:
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _no_answer(target, error, late=guard.struck) from None
    finally:
        timer.cancel()
        guard.close()
        if connection is not None:
            connection.close()
    spent = int((time.monotonic() - started) * 1000)
    return Answer(status, head, content[:max_bytes], spent, truncated=len(content) > max_bytes)


def _connect(target: Target, places: list[tuple[int, tuple[Any, ...]]], timeout: float) -> socket.socket:
    last: OSError = OSError("no address")
    for family, place in places[:ADDRESSES_TRIED]:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout)
            sock.connect(place)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def _connection(
    target: Target, sock: socket.socket, timeout: float, context: ssl.SSLContext
) -> http.client.HTTPConnection:
    """An HTTP connection over a socket that is connected already; TLS asks for the name, not the address."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=timeout)
    connection.default_port = 443 if target.https else 80  # else the Host header would name port 443
    connection.auto_open = 0  # never connects by name
    sock.settimeout(timeout)
    try:
        connection.sock = context.wrap_socket(sock, server_hostname=target.host) if target.https else sock
    except BaseException:
        sock.close()
        raise
    return connection


def _read(response: http.client.HTTPResponse, limit: int) -> tuple[int, Mapping[str, str], bytes]:
    content = b""
    while len(content) < limit and (part := response.read1(min(CHUNK, limit - len(content)))):
        content += part
    return response.status, {name.lower(): value for name, value in response.getheaders()}, content


class _Guard:
    """Ends a connection from outside when its time is up: a server that drips a byte now and then would hold
    the thread for ever, since each byte starts a socket's own time-out anew."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.struck = False
        self.sock: socket.socket | None = None

    def watch(self, sock: socket.socket) -> None:
        """Takes a second handle on the connection, which TLS does not take away."""
        with self.lock:
            self.sock = sock.dup()
            if self.struck:
                self._end()

    def strike(self) -> None:
        """The time is up."""
        with self.lock:
            self.struck = True
            self._end()

    def _end(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gives the second handle back."""
        with self.lock:
            if self.sock is not None:
                self.sock.close()
                self.sock = None


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The system's authorities and certifi's, as the shop's client has them."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _no_answer(target: Target, error: Exception, *, late: bool) -> Unreachable:
    """Words without what the other side said: it may hold anything."""
    if late or isinstance(error, TimeoutError):
        why, words = "timeout", "did not answer in time"
        hint = "It must answer quickly: take the message, answer 2xx, then do the work."
    elif isinstance(error, ssl.SSLError):
        why, words = "tls", "has no certificate that is accepted for its name"
        hint = "Renew or complete its certificate chain, or add its issuer to the system's store."
    elif isinstance(error, OSError):
        why, words = "connect", "cannot be reached"
        hint = "Check that it runs, and that firewalls let the sidecar through."
    else:
        why, words, hint = "answer", "does not answer with HTTP", "Check the port, and http or https."
    return Unreachable(f"{target.host}:{target.port} {words}.", hint=hint, details={"why": why})


def _refused(message: str, hint: str) -> AddressRefused:
    return AddressRefused(message, hint=hint, fields={"url": message})


def _closed(host: str, reason: str) -> AddressRefused:
    return AddressRefused(
        f"The sidecar does not send to {host}: it is or may be a {reason} address.",
        hint="Use a public address, or allow private ones (DEVSKYY_WEBHOOKS_ALLOW_PRIVATE for webhooks)."
        if reason == "private" else "Use a public address.",
        fields={"url": f"{reason} address"}, details={"why": reason},
    )  # fmt: skip


def _plain() -> AddressRefused:
    return _refused("Plain http is refused.", "Use https, or set DEVSKYY_WEBHOOKS_ALLOW_HTTP.")


def retry_after(text: str | None, moment: int) -> int | None:
    """Seconds a Retry-After asks for (RFC 9110, 10.2.3), a number or a date; None when it says neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp()) - moment)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
