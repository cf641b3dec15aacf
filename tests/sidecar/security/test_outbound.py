"""The sender that cannot be turned inwards: addresses, names, TLS, time and size, against real servers."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sidecar.security.outbound import AddressRefused, Unreachable, check_url, send, why_refused
from tests.sidecar.receiver import receiving, says

PUBLIC = "93.184.215.14"


class Names:
    """A name server's answers, one after the other; the last one stays."""

    def __init__(self, *answers: list[tuple[str, int]]) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, host: str, port: int, **_how: Any) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        families = [socket.AF_INET6 if ":" in ip else socket.AF_INET for ip, _ in found]
        return [
            (family, socket.SOCK_STREAM, 6, "", place) for family, place in zip(families, found, strict=True)
        ]


REFUSED = {
    "metadata": ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254",
                 "64:ff9b::a9fe:a9fe", "168.63.129.16", "192.0.0.192"],
    "private": ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                "100.64.0.1", "100.127.255.254", "::1", "fd00::2", "fc00::1", "::ffff:127.0.0.1",
                "::ffff:10.1.2.3", "64:ff9b::7f00:1"],
    "link-local": ["169.254.0.1", "fe80::1", "::ffff:169.254.1.1"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1"],
    "tunnel": ["2002:7f00:1::", "2002:5db8:d822::1", "2001:0:5db8:d822::1"],
    "reserved": ["0.0.0.0", "0.1.2.3", "240.0.0.1", "255.255.255.255", "::", "::127.0.0.1", "192.0.2.1",
                 "198.18.0.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "100::1", "fec0::1",
                 "64:ff9b:1::7f00:1", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:a00:1"],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "text"), [(why, text) for why, all_ in REFUSED.items() for text in all_])
def test_addresses_that_are_refused(reason: str, text: str) -> None:
    assert why_refused(ip_address(text)) == reason
    opened = why_refused(ip_address(text), allow_private=True)
    assert opened == (None if reason == "private" else reason)


@pytest.mark.parametrize("text", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "1.0.0.1"])
def test_public_addresses_pass(text: str) -> None:
    assert why_refused(ip_address(text)) is None


@pytest.mark.parametrize(
    "url",
    ["https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./",
     "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/",
     "https://[fe80::1%eth0]/", "https://１２７.０.０.１/", "https://①②⑦.0.0.1/", "https://0/", "https://0.0.0.0/",
     "https://localhost/", "https://localhost./", "https://LOCALHOST/", "https://a.localhost/",
     "https://printer.local/", "https://wiki/", "https://db.internal/", "https://1.1.1.0x1/",
     "https://user@hooks.example.com/", "https://user:pw@hooks.example.com/",
     "https://hooks.example.com@127.0.0.1/", "https://hooks.example.com:22/", "https://hooks.example.com:6379/",
     "https://hooks.example.com:0/", "https://hooks.example.com:99999/", "https://hooks.example.com:x/",
     "http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://x.example/",
     "javascript:alert(1)", "//hooks.example.com/", "hooks.example.com", "", "https://", "https:///x",
     "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/\r\nX: 1",
     "https://hooks. example.com/",
     "https://hooks.example.com/\tx", "https://-x.example.com/", "https://a..example.com/",
     "https://hooks.example.com/" + "x" * 500, "https://[::1", "https://[v1.x]/", "https://%31%32%37.0.0.1/",
     "https://127.0.0.1%2f.example.com/"],
)  # fmt: skip
def test_odd_spellings_are_refused_before_anybody_is_asked(url: str) -> None:
    names = Names([(PUBLIC, 443)])
    with pytest.raises(AddressRefused) as caught:
        send("POST", url, resolve=names)
    assert caught.value.hint
    assert names.asked == []


def test_a_good_url_is_taken_apart() -> None:
    target = check_url("https://Hooks.Example.com.:8443/a/b?c=d#e")
    assert (target.https, target.host, target.port, target.path) == (
        True,
        "hooks.example.com",
        8443,
        "/a/b?c=d",
    )
    assert check_url("https://xn--bcher-kva.example").path == "/"


@pytest.mark.parametrize("second", ["10.0.0.1", "169.254.169.254", "::1", "fe80::1"])
def test_one_bad_address_among_good_ones_refuses_the_name(second: str) -> None:
    with pytest.raises(AddressRefused):
        send("POST", "https://hooks.example.com/", resolve=Names([(PUBLIC, 443), (second, 443)]))


def test_metadata_stays_closed_when_private_is_allowed() -> None:
    for ip in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200"):
        with pytest.raises(AddressRefused):
            send("GET", "http://metadata.example/", allow_private=True, resolve=Names([(ip, 80)]))


def test_plain_http_takes_a_setting_or_a_private_address() -> None:
    names = Names([(PUBLIC, 80)])
    with pytest.raises(AddressRefused, match="http is refused"):
        send("POST", "http://hooks.example.com/", resolve=names)
    with pytest.raises(AddressRefused, match="http is refused"):
        send("POST", "http://hooks.example.com/", allow_private=True, resolve=names)
    with receiving(says()) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert send("POST", url, allow_private=True).status == 200
        with pytest.raises(AddressRefused):
            send("POST", url, allow_http=True)


def test_a_name_that_rebinds_is_asked_once_and_the_second_answer_never_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached = []
    connect = socket.socket.connect

    def noted(sock: socket.socket, place: Any) -> None:
        reached.append(place)
        if place[0] == PUBLIC:
            raise ConnectionRefusedError
        connect(sock, place)

    with receiving(says()) as trap:
        names = Names([(PUBLIC, trap.port)], [("127.0.0.1", trap.port)])
        monkeypatch.setattr(socket.socket, "connect", noted)
        with pytest.raises(Unreachable):
            send("POST", f"http://rebind.example:{trap.port}/", allow_http=True, resolve=names)
        assert (names.asked, reached, trap.got) == (["rebind.example"], [(PUBLIC, trap.port)], [])
        with pytest.raises(AddressRefused):  # the next request asks anew and is refused
            send("POST", f"http://rebind.example:{trap.port}/", allow_http=True, resolve=names)
        assert trap.got == []


def test_the_connection_goes_to_the_judged_address_and_no_other() -> None:
    with receiving(says(body=b"first")) as first, receiving(says(body=b"second")) as second:
        names = Names([("127.0.0.1", first.port)], [("127.0.0.1", second.port)])
        answer = send("POST", "http://a.example/x", body=b"{}", allow_private=True, resolve=names)
        assert (answer.body, names.asked, second.got) == (b"first", ["a.example"], [])
        assert first.got[0]["headers"]["Host"] == "a.example"
        assert (first.got[0]["path"], first.got[0]["body"]) == ("/x", b"{}")


def test_the_next_address_of_the_same_answer_is_tried_when_one_does_not_listen() -> None:
    with receiving(says()) as server:
        names = Names([("127.0.0.1", 1), ("127.0.0.1", server.port)])
        assert send("GET", "http://a.example/", allow_private=True, resolve=names).status == 200


def test_redirects_are_answers() -> None:
    with receiving(says()) as inside:
        elsewhere = says(302, Location=f"http://127.0.0.1:{inside.port}/")
        with receiving(elsewhere) as outside:
            answer = send("POST", f"http://127.0.0.1:{outside.port}/", allow_private=True)
        assert (answer.status, inside.got) == (302, [])


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(says(body=b"direct")) as server, receiving(says(body=b"proxy")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send("GET", f"http://127.0.0.1:{server.port}/", allow_private=True).body == b"direct"
        assert proxy.got == []


def test_a_large_answer_is_cut() -> None:
    with receiving(says(body=b"x" * 500_000)) as server:
        answer = send("GET", f"http://127.0.0.1:{server.port}/", allow_private=True, max_bytes=1000)
        assert (len(answer.body), answer.truncated) == (1000, True)
        whole = send("GET", f"http://127.0.0.1:{server.port}/", allow_private=True, max_bytes=500_000)
        assert (len(whole.body), whole.truncated) == (500_000, False)


def test_a_compressed_answer_is_not_unpacked() -> None:
    with receiving(says(body=b"\x1f\x8b", Content_Encoding="gzip")) as server:
        answer = send("GET", f"http://127.0.0.1:{server.port}/", allow_private=True)
        assert answer.body == b"\x1f\x8b"
        assert server.got[0]["headers"]["Accept-Encoding"] == "identity"


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that talks as it likes."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        with listener:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                try:
                    talk(client)
                    done.wait(10)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()


def drip(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        client.sendall(b"x")
        time.sleep(0.1)


def drip_body(client: socket.socket) -> None:
    client.recv(10_000)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        client.sendall(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize("talk", [lambda client: None, drip, drip_body], ids=["silent", "head", "body"])
def test_all_of_it_together_ends_in_time(talk: Callable[[socket.socket], None]) -> None:
    with raw_server(talk) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            send("POST", f"http://127.0.0.1:{port}/", body=b"{}", timeout=0.7, allow_private=True)
        assert time.monotonic() - started < 2
        assert caught.value.details == {"why": "timeout"}


def test_a_handshake_that_stalls_ends_in_time() -> None:
    def stall(client: socket.socket) -> None:
        client.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16,384 bytes that never comes in full
        for _ in range(100):
            client.sendall(b"\x02")
            time.sleep(0.1)

    with raw_server(stall) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            send("POST", f"https://127.0.0.1:{port}/", timeout=0.7, allow_private=True)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 70_000])
def test_nonsense_is_no_answer(words: bytes) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(10_000)
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)

    with raw_server(talk) as port, pytest.raises(Unreachable) as caught:
        send("POST", f"http://127.0.0.1:{port}/", allow_private=True, timeout=3)
    assert "OpenSSH" not in str(caught.value.as_dict())


def test_a_closed_port_and_an_unknown_name_are_unreachable() -> None:
    with pytest.raises(Unreachable) as caught:
        send("POST", "http://127.0.0.1:65533/", allow_private=True)
    assert (caught.value.code, caught.value.details) == ("unreachable", {"why": "connect"})

    def unknown(*_given: Any, **_how: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Unreachable) as caught:
        send("POST", "https://nowhere.example/", resolve=unknown)
    assert caught.value.details == {"why": "dns"}


class Authority:
    """A certificate authority of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self._made(self.name, self.key, [(basic, True)])
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _made(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, more: list[Any]) -> x509.Certificate:
        start = datetime.now(UTC) - timedelta(days=2)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(start).not_valid_after(start + timedelta(days=30))
        for extension, critical in more:
            made = made.add_extension(extension, critical=critical)
        return made.sign(self.key, hashes.SHA256())

    def server(self, name: str) -> ssl.SSLContext:
        """A server's context with a certificate for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._made(subject, key, [(x509.SubjectAlternativeName([x509.DNSName(name)]), False)])
        file = self.folder / f"{name}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def trusted(self) -> ssl.SSLContext:
        """What a client uses that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.file))


def test_tls_asks_for_the_name_at_the_pinned_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    asked: list[str | None] = []
    context = authority.server("hooks.example.com")
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    with receiving(says(body=b"sealed"), context) as server:
        names = Names([("127.0.0.1", server.port)])
        how: dict[str, Any] = {"allow_private": True, "resolve": names, "context": authority.trusted()}
        answer = send("POST", "https://hooks.example.com/x", body=b"{}", **how)
        assert (answer.status, answer.body, asked) == (200, b"sealed", ["hooks.example.com"])
        assert server.got[0]["headers"]["Host"] == "hooks.example.com"
        for name in ("other.example.com", "127.0.0.1"):
            url = f"https://{name}:{server.port}/"
            with pytest.raises(Unreachable) as caught:
                send("POST", url, **how)
            assert caught.value.details == {"why": "tls"}
        with pytest.raises(Unreachable) as caught:  # the system does not know this authority
            send("POST", "https://hooks.example.com/", allow_private=True, resolve=names)
        assert caught.value.details == {"why": "tls"}
        assert len(server.got) == 1


def test_plain_http_on_a_tls_port_and_the_other_way_round(tmp_path: Path) -> None:
    with receiving(says()) as plain, pytest.raises(Unreachable):
        send("POST", f"https://127.0.0.1:{plain.port}/", allow_private=True, timeout=3)


def test_no_connection_and_no_thread_stays_behind() -> None:
    before = threading.active_count()
    with receiving(says()) as server:
        for _ in range(20):
            send("POST", f"http://127.0.0.1:{server.port}/", body=b"{}", allow_private=True)
    assert threading.active_count() <= before


def test_what_is_sent_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(says(500, b"secret-answer")) as server:
        url = f"http://127.0.0.1:{server.port}/secret-path"
        head = {"webhook-signature": "v1,secret-head"}
        answer = send("POST", url, headers=head, body=b"secret-body", allow_private=True)
    assert answer.body == b"secret-answer"
    assert "secret" not in caplog.text + repr(answer)


def test_a_header_cannot_hold_a_line_break() -> None:
    with receiving(says()) as server, pytest.raises(Unreachable):
        send("POST", f"http://127.0.0.1:{server.port}/", headers={"X": "a\r\nY: b"}, allow_private=True)
    assert server.got == []
