"""Security profiles against clients that we did not write: Python's ssl below `websockets`, and `openssl s_client`."""

import asyncio
import base64
import datetime
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest
import websockets
from authority import Authority
from conftest import BINARY, Service
from cryptography import x509

PASSWORD, OTHERS = "correct-horse-battery-staple-1", "correct-horse-battery-staple-2"
HERE = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


class Network:
    """A service with a listener for each profile, and certificates for all who connect."""

    def __init__(self, folder):
        self.folder = folder
        self.ours, self.clients = Authority(folder, "ours"), Authority(folder, "clients")
        self.foreign = Authority(folder, "foreign")
        self.ours.sign("server", "charging.example", HERE)
        self.ours.sign("server-rsa", "charging.example", HERE, kind="rsa")
        good = self.clients
        good.sign("right", "CP-1")
        good.sign("other-case", "cp-1")
        good.sign("by-san", "serial 4711", [x509.DNSName("cp-1")])
        good.sign("other", "CP-2")
        good.sign("expired", "CP-1", days=(-30, -1))
        good.sign("early", "CP-1", days=(1, 30))
        revoked, *_ = good.sign("revoked", "CP-1")
        self.foreign.sign("foreign", "CP-1")
        good.revoke("crl.pem", [revoked])
        (folder / "passwords.toml").write_text(f'"CP-1" = "{PASSWORD}"\n"CP-2" = "{OTHERS}"\n')
        importing = [BINARY, "charger", "import", str(folder / "passwords.toml"), "--data-dir", str(folder)]
        subprocess.run(importing, check=True, capture_output=True, timeout=20)
        settings = f"""
            [ocpp]
            certificate_file = "{folder}/server.pem"
            key_file = "{folder}/server.key"
            client_ca_file = "{folder}/clients.pem"
            crl_file = "{folder}/crl.pem"
            [tls]
            reload_s = 0
            [http]
            certificate_file = "{folder}/server.pem"
            key_file = "{folder}/server.key"
        """
        for profile in (0, 1, 2, 3, 2):
            settings += f'[[listener]]\nlisten = "127.0.0.1:0"\nsecurity_profile = {profile}\n'
        settings += f'certificate_file = "{folder}/server-rsa.pem"\nkey_file = "{folder}/server-rsa.key"\n'
        (folder / "site.toml").write_text(settings)
        self.service = Secured(folder, extra={"CHARGEWATCH_CONFIG": str(folder / "site.toml")})
        self.service.log.flush()
        told = [json.loads(line)["fields"] for line in (folder / "log.json").read_text().splitlines()]
        more = next(fields["more"] for fields in told if "more" in fields).split()
        self.at = {"mixed": self.service.ocpp, 0: more[0], 1: more[1], 2: more[2], 3: more[3], "rsa": more[4]}

    def trust(self, shows=None):
        """What a client trusts, and the certificate that it shows."""
        context = ssl.create_default_context(cafile=str(self.ours.file))
        if shows:
            context.load_cert_chain(self.folder / f"{shows}.pem", self.folder / f"{shows}.key")
        return context

    def connect(self, profile, charger="CP-1", user=None, password=None, shows=None):
        tls = profile in (2, 3, "rsa")
        headers = {}
        if password is not None:
            pair = base64.b64encode(f"{user or charger}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        address = f"{'wss' if tls else 'ws'}://{self.at[profile]}/ocpp/{charger}"
        context = self.trust(shows) if tls else None
        return websockets.connect(address, ssl=context, subprotocols=["ocpp1.6"], additional_headers=headers, proxy=None)

    async def outcome(self, *arguments, **more):
        """What a connection comes to: 101 and an answer, the status of HTTP, or the alert of TLS."""
        try:
            async with self.connect(*arguments, **more) as socket:
                await socket.send('[2,"1","Heartbeat",{}]')
                assert (await socket.recv()).startswith('[3,"1",')
                return 101
        except websockets.exceptions.InvalidStatus as refused:
            return refused.response.status_code
        except websockets.exceptions.InvalidMessage:
            # It was closed before there was HTTP: asyncio keeps the reason to itself.
            return "closed"

    def alert(self, shows=None):
        """The alert of TLS that a client gets, as OpenSSL names it."""
        host, port = self.at[3].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            try:
                with self.trust(shows).wrap_socket(plain, server_hostname=host) as secure:
                    secure.sendall(b"GET /ocpp/CP-1 HTTP/1.1\r\n\r\n")
                    # Of TLS 1.3 a client learns with its first reading that it is refused.
                    return secure.recv(1024)
            except ssl.SSLError as error:
                assert "_ALERT_" in error.reason, error
                return error.reason.split("_ALERT_")[1].lower().replace("_", " ")


class Secured(Service):
    """A service that is read over HTTPS."""

    def get(self, path):
        context = ssl.create_default_context(cafile=str(self.folder / "ours.pem"))
        with urllib.request.urlopen(f"https://{self.http}{path}", timeout=20, context=context) as answer:
            return answer.status, answer.read().decode()


@pytest.fixture
def network(tmp_path):
    network = Network(tmp_path)
    yield network
    assert network.service.stop() == 0


WRONG = "wrong-horse-battery-staple-0"

# profile, what the charger CP-1 shows, what it comes to, the outcome that is recorded.
TABLE = [
    (0, {}, 101, "accepted"),
    (0, {"password": PASSWORD}, 101, "accepted"),
    (0, {"password": WRONG}, 101, "accepted"),
    ("mixed", {}, 401, "bad_credentials"),
    ("mixed", {"password": PASSWORD}, 101, "accepted"),
    ("mixed", {"password": WRONG}, 401, "bad_credentials"),
    ("mixed", {"charger": "CP-9"}, 101, "accepted"),
    (1, {"password": PASSWORD}, 101, "accepted"),
    (1, {"password": WRONG}, 401, "bad_credentials"),
    (1, {"password": OTHERS}, 401, "bad_credentials"),
    (1, {"user": "CP-2", "password": OTHERS}, 401, "bad_credentials"),
    (1, {}, 401, "bad_credentials"),
    (1, {"charger": "CP-9"}, 401, "no_credentials"),
    (1, {"charger": "CP-9", "password": PASSWORD}, 401, "no_credentials"),
    (2, {"password": PASSWORD}, 101, "accepted"),
    ("rsa", {"password": PASSWORD}, 101, "accepted"),
    (2, {"password": WRONG}, 401, "bad_credentials"),
    (2, {"user": "CP-2", "password": OTHERS}, 401, "bad_credentials"),
    (2, {}, 401, "bad_credentials"),
    (2, {"charger": "CP-9"}, 401, "no_credentials"),
    (2, {"shows": "right"}, 401, "bad_credentials"),
    (3, {"shows": "right"}, 101, "accepted"),
    (3, {"shows": "other-case"}, 101, "accepted"),
    (3, {"shows": "by-san"}, 101, "accepted"),
    (3, {"shows": "other"}, 403, "wrong_certificate"),
    (3, {"shows": "other", "password": PASSWORD}, 403, "wrong_certificate"),
    (3, {}, "certificate required", "tls_no_certificate"),
    (3, {"password": PASSWORD}, "certificate required", "tls_no_certificate"),
    (3, {"shows": "expired"}, "certificate expired", "tls_expired"),
    (3, {"shows": "early"}, "certificate expired", "tls_not_yet_good"),
    (3, {"shows": "revoked"}, "certificate revoked", "tls_revoked"),
    (3, {"shows": "foreign"}, "unknown ca", "tls_unknown_authority"),
]


@pytest.mark.parametrize("of", ["mixed", 0, 1, 2, 3])
async def test_each_profile_lets_in_who_shows_what_it_asks_for_and_nobody_else(network, of):
    rows_of = [row for row in TABLE if row[0] == of or (of, row[0]) == (2, "rsa")]
    for number, (profile, shows, wanted, recorded) in enumerate(rows_of, start=1):
        if isinstance(wanted, str):
            found = await asyncio.to_thread(network.alert, shows.get("shows"))
        else:
            found = await network.outcome(profile, **shows)
        assert found == wanted, (profile, shows, found)
        while len(rows := network.service.ledger("SELECT outcome, status, remarks FROM handshake ORDER BY id")) < number:
            await asyncio.sleep(0.02)
        outcome, status, remarks = rows[-1]
        assert outcome == recorded, (profile, shows, rows[-1])
        assert status == (None if isinstance(wanted, str) else wanted), (profile, shows, rows[-1])
        assert PASSWORD not in remarks and WRONG not in remarks
    shown = {row["outcome"]: row["remarks"] for row in network.service.items("/api/v1/handshakes?limit=100")}
    if of == 3:
        assert 'the certificate of "CP-1" was shown' in shown["tls_expired"]
        assert "the certificate is of CP-2" in shown["wrong_certificate"]
        assert network.service.metric("chargewatch_handshakes_total", outcome="tls_revoked") == 1


async def test_what_is_seen_of_a_connection_tells_how_it_is_protected(network):
    boot = '[2,"1","BootNotification",{"chargePointVendor":"x","chargePointModel":"y"}]'
    async with network.connect(3, shows="right") as socket:
        # What is answered is in the ledger.
        await socket.send(boot)
        await socket.recv()
        seen = network.service.json("/api/v1/chargers/CP-1")
        assert (seen["security_profile"], seen["connected"]) == (3, True)
        until = datetime.datetime.fromisoformat(seen["certificate_until"])
        left = until - datetime.datetime.now(datetime.timezone.utc)
        assert datetime.timedelta(days=29) < left < datetime.timedelta(days=31)
        expiry = network.service.metric("chargewatch_charger_certificate_expiry_timestamp_seconds", charger="CP-1")
        assert abs(expiry - until.timestamp()) < 1
        mine = network.service.metric("chargewatch_certificate_expiry_timestamp_seconds", listener=network.service.http)
        # The label is the address of the settings, which here names no port.
        assert mine is None or mine > time.time()
    async with network.connect(1, password=PASSWORD) as socket:
        await socket.send(boot)
        await socket.recv()
        assert network.service.json("/api/v1/chargers/CP-1")["security_profile"] == 1
    assert network.service.ledger("SELECT kind, info FROM security_event") == [
        ("WeakerSecurityProfile", "from security profile 3 to 1")
    ]
    assert network.service.metric("chargewatch_security_downgrades_total") == 1


def s_client(network, profile, *options):
    command = ["openssl", "s_client", "-connect", network.at[profile], "-CAfile", str(network.ours.file), *options]
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    done = subprocess.run(command, input=request, capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize(
    ("profile", "options", "told"),
    [
        (2, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"),
        (2, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "Cipher is ECDHE-RSA-AES128-GCM-SHA256"),
        (2, ["-tls1_3"], "New, TLSv1.3"),
        ("rsa", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "handshake failure"),
        ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], "handshake failure"),
        (2, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "handshake failure"),
    ],
)
def test_versions_and_suites_as_openssl_sees_them(network, profile, options, told):
    seen = s_client(network, profile, *options)
    assert told in seen, seen
    if "Cipher is" in told or "New" in told:
        assert "Verify return code: 0 (ok)" in seen and "426 Upgrade Required" in s_client(
            network, profile, *options, "-quiet", "-no_ign_eof", "-ign_eof"
        )


async def test_a_client_that_does_not_trust_us_or_speaks_plain_is_recorded_with_why(network):
    with pytest.raises(ssl.SSLCertVerificationError):
        await websockets.connect(f"wss://{network.at[2]}/ocpp/CP-1", ssl=ssl.create_default_context(), proxy=None)
    with pytest.raises(websockets.exceptions.InvalidMessage):
        await websockets.connect(f"ws://{network.at[2]}/ocpp/CP-1", proxy=None)
    await asyncio.to_thread(s_client, network, 2, "-verify_return_error", "-CAfile", str(network.foreign.file))
    while len(rows := network.service.ledger("SELECT outcome FROM handshake ORDER BY id")) < 3:
        await asyncio.sleep(0.02)
    # asyncio hangs up without a word, OpenSSL says why.
    assert rows == [("tls_gone",), ("tls_not_tls",), ("tls_refuses_us",)]


async def test_new_certificates_are_shown_to_new_connections_while_old_ones_live_on(network):
    def serial(address):
        pem = ssl.get_server_certificate(tuple(address.rsplit(":", 1)))
        return x509.load_pem_x509_certificate(pem.encode()).serial_number

    def log(word):
        return [line for line in (network.folder / "log.json").read_text().splitlines() if word in line]

    async def until(what):
        deadline = time.monotonic() + 20
        while not what():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    async with network.connect(3, shows="right") as old:
        before = serial(network.at[2])
        # A certificate whose key is yet to come changes nothing.
        network.ours.sign("next", "charging.example", HERE)
        os.replace(network.folder / "next.pem", network.folder / "server.pem")
        network.service.process.send_signal(signal.SIGHUP)
        await until(lambda: log("this key does not belong to the certificate"))
        assert serial(network.at[2]) == before
        assert network.service.metric("chargewatch_certificate_files_bad") >= 1
        os.replace(network.folder / "next.key", network.folder / "server.key")
        certificate = x509.load_pem_x509_certificate((network.folder / "right.pem").read_bytes())
        network.clients.revoke("crl.pem", [certificate])
        network.service.process.send_signal(signal.SIGHUP)
        await until(lambda: serial(network.at[2]) != before)
        await until(lambda: network.service.metric("chargewatch_certificate_files_bad") == 0)
        # Readers see the new one too, over the port of HTTPS.
        assert serial(network.service.http) == serial(network.at[2])
        assert await asyncio.to_thread(network.alert, "right") == "certificate revoked"
        assert await network.outcome(3, shows="right") == "closed"
        await old.send('[2,"1","Heartbeat",{}]')
        assert (await old.recv()).startswith('[3,"1",')


def test_what_is_wrong_with_certificates_is_told_at_the_start(tmp_path):
    ours = Authority(tmp_path, "ours")
    ours.sign("old", "charging.example", days=(-30, -1))
    environment = dict(
        os.environ,
        CHARGEWATCH_OCPP__SECURITY_PROFILE="2",
        CHARGEWATCH_OCPP__CERTIFICATE_FILE=str(tmp_path / "old.pem"),
        CHARGEWATCH_OCPP__KEY_FILE=str(tmp_path / "old.key"),
    )
    for command in (["serve", "--data-dir", str(tmp_path)], ["check-config"]):
        done = subprocess.run([BINARY, *command], env=environment, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode != 0
        assert 'old.pem: the certificate of "CN=charging.example" has expired on' in done.stderr, done.stderr


async def test_the_log_names_no_person_and_no_secret_however_loud_it_is(tmp_path):
    service = Service(tmp_path, extra={"CHARGEWATCH_LOG__FILTER": "trace"})
    await asyncio.to_thread(service.act_as, "operator")
    card, pair = "04A1B2C3D4E5F6", base64.b64encode(f"CP-1:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}
    address = service.url("CP-1") + "?key=in-the-query"
    async with websockets.connect(address, subprotocols=["ocpp1.6"], additional_headers=headers, proxy=None) as socket:
        start = {"connectorId": 1, "idTag": card, "meterStart": 10, "timestamp": "2026-11-24T11:59:00Z"}
        # Whole, of another version's kind, and cut off within the card.
        whole = json.dumps([2, "1", "StartTransaction", start])
        for frame in (whole, f'[2,"2","Authorize",{{"idToken":{{"idToken":"{card}"}}}}]', whole[: whole.index("E5F6")]):
            await socket.send(frame)
            await socket.recv()
    sessions = await asyncio.to_thread(service.items, "/api/v1/sessions")
    hashed = next(session["token"] for session in sessions if session["token"])
    assert hashed.startswith("t:")
    token = service.token
    assert service.get("/api/v1/sessions?token=in-the-query")[0] in (200, 400)
    service.token = f"cw_{'0' * 72}"
    assert service.get("/api/v1/sessions")[0] == 401
    assert service.stop() == 0
    log = (tmp_path / "log.json").read_text()
    assert "session began" in log and "request without a valid token refused" in log
    for secret in (card[:8], hashed, PASSWORD, pair, token, token[3:20], "0" * 20, "in-the-query"):
        assert secret not in log, secret
