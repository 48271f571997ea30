"""Certificates for chargers that we did not write: the charge points of the PyPI package `ocpp` ask with a request that
`cryptography` made, get what was signed, and connect with it by security profile 3."""

import asyncio
import base64
import json
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
import websockets
from authority import Authority, named
from conftest import BINARY, ROOT, Service
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ocpp.routing import on
from test_security import HERE

PACKAGES = {"1.6": ocpp.v16, "2.0.1": ocpp.v201, "2.1": ocpp.v21}
PASSWORD = "correct-horse-battery-staple-1"
NONE = serialization.NoEncryption()

every_version = pytest.mark.parametrize("version", PACKAGES)


def request(name="CP-1", key=None, organisation=None):
    """A key, and a request for a certificate of it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts)).sign(key, hashes.SHA256())
    return key, csr.public_bytes(serialization.Encoding.PEM).decode()


def bent(pem):
    """The same request with another last byte: its signature no longer holds."""
    der = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
    der[-1] ^= 1
    body = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def private(key, file):
    """Writes a key that nobody else can read."""
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, NONE))
    return file


class Network:
    """A service with a plain listener and one for each of the profiles 2 and 3; the last trusts our own authority."""

    def __init__(self, folder, **ca):
        self.folder = folder
        self.ours, self.clients = Authority(folder, "ours"), Authority(folder, "clients")
        self.ours.sign("server", "charging.example", HERE)
        key = private(self.clients.key, folder / "clients.key")
        (folder / "passwords.toml").write_text(f'"CP-1" = "{PASSWORD}"\n"CP-2" = "{PASSWORD}"\n')
        self.run("charger", "import", str(folder / "passwords.toml"))
        section = {"certificate_file": f"{folder}/clients.pem", "key_file": str(key), "chargers": "all"} | ca
        settings = f"""
            [ocpp]
            certificate_file = "{folder}/server.pem"
            key_file = "{folder}/server.key"
            client_ca_file = "{folder}/clients.pem"
            call_timeout_s = 1
            [ca]
        """
        settings += "".join(f"{name} = {json.dumps(value)}\n" for name, value in section.items())
        for profile in (2, 3):
            settings += f'[[listener]]\nlisten = "127.0.0.1:0"\nsecurity_profile = {profile}\n'
        (folder / "site.toml").write_text(settings)
        self.service = Service(folder, extra={"CHARGEWATCH_CONFIG": str(folder / "site.toml")})
        self.service.log.flush()
        more = json.loads((folder / "log.json").read_text().splitlines()[-1])["fields"]["more"].split()
        self.at = {1: self.service.ocpp, 2: more[0], 3: more[1]}
        self.service.act_as("admin")

    def run(self, *command):
        done = [BINARY, *command, "--data-dir", str(self.folder)]
        return subprocess.run(done, check=True, capture_output=True, text=True, timeout=20, umask=0o077).stdout

    def trust(self, shows=None):
        context = ssl.create_default_context(cafile=str(self.ours.file))
        if shows:
            context.load_cert_chain(*shows)
        return context

    def connect(self, profile, version="1.6", name="CP-1", shows=None):
        pair = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
        headers = {} if profile == 3 else {"Authorization": f"Basic {pair}"}
        address = f"{'ws' if profile == 1 else 'wss'}://{self.at[profile]}/ocpp/{name}"
        context = None if profile == 1 else self.trust(shows)
        offers = [f"ocpp{version}"]
        return websockets.connect(address, ssl=context, subprotocols=offers, additional_headers=headers, proxy=None)

    def certificates(self):
        return self.service.items("/api/v1/certificates")

    async def until(self, what):
        deadline = time.monotonic() + 20
        while not (found := await asyncio.to_thread(what)):
            assert time.monotonic() < deadline, "it never came to that"
            await asyncio.sleep(0.05)
        return found

    def post(self, path):
        asked = urllib.request.Request(f"http://{self.service.http}{path}", method="POST")
        asked.add_header("Authorization", f"Bearer {self.service.token}")
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


class Charger:
    """A charge point that asks for certificates, and says this to each that it gets."""

    def __init__(self, network, version="1.6", name="CP-1", profile=2, says="Accepted"):
        self.network, self.version, self.says, self.profile, self.name = network, version, says, profile, name
        self.got = asyncio.Queue()

    async def __aenter__(self):
        package, got, says = PACKAGES[self.version], self.got, self.says

        class Point(package.ChargePoint):
            @on("CertificateSigned")
            async def certificate_signed(self, **fields):
                await got.put(fields)
                if says is None:
                    await asyncio.sleep(60)
                return package.call_result.CertificateSigned(status=says)

        self.socket = await self.network.connect(self.profile, self.version, self.name)
        self.point = Point(self.name, self.socket)
        self.reader = asyncio.create_task(self.point.start())
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()

    async def ask(self, csr, **fields):
        message = PACKAGES[self.version].call.SignCertificate(csr=csr, **fields)
        return (await self.point.call(message, suppress=False)).status

    async def certificate(self):
        return await asyncio.wait_for(self.got.get(), 20)


@pytest.fixture
def network(tmp_path):
    network = Network(tmp_path)
    yield network
    assert network.service.stop() == 0


def written(network, key, chain):
    """What a charger needs to show its new certificate."""
    files = (network.folder / "own.pem", network.folder / "own.key")
    files[0].write_text(chain)
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, NONE))
    return files


async def outcome(network, files):
    """Whether profile 3 takes this certificate."""
    try:
        async with network.connect(3, shows=files) as socket:
            await socket.send('[2,"1","Heartbeat",{}]')
            assert (await socket.recv()).startswith('[3,"1",')
            return "accepted"
    except websockets.exceptions.InvalidMessage:
        # It was closed before there was HTTP: asyncio keeps the reason to itself.
        return "closed"


@pytest.mark.parametrize(("version", "kind"), [("1.6", "p256"), ("2.0.1", "p384"), ("2.1", "rsa")])
async def test_a_charger_gets_a_certificate_and_connects_with_it_until_it_is_revoked(network, version, kind):
    made = {
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
    }
    key, csr = request(key=made[kind]())
    async with Charger(network, version) as charger:
        more = {"1.6": {}, "2.0.1": {"certificate_type": "ChargingStationCertificate"}, "2.1": {"request_id": 7}}
        assert await charger.ask(csr, **more[version]) == "Accepted"
        got = await charger.certificate()
        await network.until(lambda: network.certificates()[0]["delivery"] == "accepted")
    assert got.get("request_id") == (7 if version == "2.1" else None)
    assert got.get("certificate_type") == (None if version == "1.6" else "ChargingStationCertificate")
    read = x509.load_pem_x509_certificate(got["certificate_chain"].encode())
    read.verify_directly_issued_by(network.clients.certificate)
    assert (read.subject, read.public_key()) == (named("CP-1"), key.public_key())
    purposes = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    issued = network.certificates()[0]
    assert (issued["charger"], issued["state"], issued["security_profile"]) == ("CP-1", "active", 2)
    assert (int(issued["serial"], 16), issued["fingerprint"]) == (read.serial_number, read.fingerprint(hashes.SHA256()).hex())
    audit = network.service.items("/api/v1/audit")
    assert [(line["author"], line["deed"]) for line in audit][0] == ("charger CP-1", "certificate.sign")

    files = written(network, key, got["certificate_chain"])
    assert await outcome(network, files) == "accepted"
    async with network.connect(3, shows=files) as live:
        assert "of CP-1 is revoked" in await asyncio.to_thread(network.run, "ca", "revoke", issued["serial"])
        # The connection that has shown it goes with it, by the close code for who may not be there.
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            await asyncio.wait_for(live.recv(), 20)
        assert closed.value.rcvd.code == 1008
    assert await outcome(network, files) == "closed"
    tried = network.service.wait_for("/api/v1/handshakes?outcome=tls_revoked")
    assert 'the certificate of "CP-1" was shown' in tried[0]["remarks"]
    assert network.certificates()[0]["state"] == "revoked" and "revoked" in network.run("ca", "list", "--charger", "cp-1")


async def test_an_admin_revokes_over_http_and_an_operator_only_looks(network):
    key, csr = request()
    async with Charger(network) as charger:
        assert await charger.ask(csr) == "Accepted"
        files = written(network, key, (await charger.certificate())["certificate_chain"])
    admin = network.service.token
    await asyncio.to_thread(network.service.act_as, "operator")
    serial = network.certificates()[0]["serial"]
    assert network.post(f"/api/v1/certificates/{serial}/revoke")[0] == 403
    assert await outcome(network, files) == "accepted"
    network.service.token = admin
    assert network.post("/api/v1/certificates/00/revoke")[0] == 404
    status, revoked = network.post(f"/api/v1/certificates/{serial}/revoke")
    assert (status, revoked["state"], revoked["revoked_by"]) == (200, "revoked", "token admin")
    for _ in range(100):
        if (seen := await outcome(network, files)) == "closed":
            break
        await asyncio.sleep(0.1)
    assert seen == "closed"


async def test_whoever_else_trusts_the_authority_learns_by_its_list_what_was_revoked(tmp_path):
    network = Network(tmp_path, crl_file=f"{tmp_path}/chargers.crl")
    kept, asked_for = tmp_path / "chargers.crl", tmp_path / "by-hand.crl"
    for name in ("CP-1", "CP-2"):
        async with Charger(network, name=name) as charger:
            assert await charger.ask(request(name)[1]) == "Accepted"
            (tmp_path / f"{name}.pem").write_text((await charger.certificate())["certificate_chain"])

    def said(*command):
        done = subprocess.run(["openssl", *command], capture_output=True, text=True, timeout=20, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def judged(name, crl=kept):
        trust = ["-x509_strict", "-crl_check", "-CAfile", str(network.clients.file), "-CRLfile", str(crl)]
        return said("verify", *trust, str(tmp_path / f"{name}.pem"))

    await network.until(kept.exists)
    assert judged("CP-1")[0] and judged("CP-2")[0], (judged("CP-1"), judged("CP-2"))
    first = x509.load_pem_x509_crl(kept.read_bytes())
    serial = next(one["serial"] for one in network.certificates() if one["charger"] == "CP-1")
    await asyncio.to_thread(network.run, "ca", "revoke", serial)
    why = await network.until(lambda: not (found := judged("CP-1"))[0] and found[1])
    assert "certificate revoked" in why, why
    assert judged("CP-2")[0], judged("CP-2")

    told = network.run("ca", "crl", "--out", str(asked_for), "--config", str(tmp_path / "site.toml"))
    assert "by-hand.crl is written: 1 revoked, good until " in told
    assert asked_for.stat().st_mode & 0o777 == 0o644, "it is for others"
    for crl in (kept, asked_for):
        assert "verify OK" in said("crl", "-in", str(crl), "-CAfile", str(network.clients.file), "-noout")[1]
        assert "certificate revoked" in judged("CP-1", crl)[1] and judged("CP-2", crl)[0]
        later = x509.load_pem_x509_crl(crl.read_bytes())
        assert [one.serial_number for one in later] == [int(serial, 16)]
        numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (first, later)]
        assert numbers[0] < numbers[1]
    assert network.service.metric("chargewatch_signing_crl_bad") == 0
    assert network.service.stop() == 0


async def test_a_new_authority_signs_without_a_restart_and_a_bad_one_changes_nothing(tmp_path):
    network = Network(tmp_path, crl_file=f"{tmp_path}/chargers.crl")
    following = Authority(tmp_path, "following")

    async def signed_by(authority):
        async with Charger(network) as charger:
            assert await charger.ask(request()[1]) == "Accepted"
            read = x509.load_pem_x509_certificate((await charger.certificate())["certificate_chain"].encode())
        read.verify_directly_issued_by(authority.certificate)

    def bad():
        return network.service.metric("chargewatch_certificate_files_bad", listener="[ca]") == 1

    # Its certificate alone is half an authority.
    os.replace(following.file, tmp_path / "clients.pem")
    network.service.process.send_signal(signal.SIGHUP)
    await network.until(bad)
    await signed_by(network.clients)
    private(following.key, tmp_path / "following.key").replace(tmp_path / "clients.key")
    network.service.process.send_signal(signal.SIGHUP)
    await network.until(lambda: not bad())
    await signed_by(following)
    kept = tmp_path / "chargers.crl"
    await network.until(lambda: x509.load_pem_x509_crl(kept.read_bytes()).is_signature_valid(following.key.public_key()))
    assert network.service.stop() == 0
    log = (tmp_path / "log.json").read_text()
    assert "the new authority cannot be used; the one before stays" in log and "the authority was read anew" in log
    assert "this key does not belong to the certificate in" in log


@every_version
async def test_a_request_with_a_fault_is_rejected_with_why(network, version):
    _, good = request()
    faults = {
        "it is no certificate signing request: it is not PEM": "nonsense!",
        'its common name is "CP-2", which is not the charger\'s identity': request("CP-2")[1],
        # Too weak for `cryptography` to make it.
        "its key is RSA of 1024 bits; RSA of 2048 to 8192 bits, P-256 and P-384 are certified": (
            ROOT / "tests" / "csr" / "rsa-1024.csr"
        ).read_text(),
        'its key is of the curve "1.3.132.0.35"; RSA of 2048 to 8192 bits, P-256 and P-384 are certified': request(
            key=ec.generate_private_key(ec.SECP521R1())
        )[1],
        "its signature is not that of its own key: signature verification error": bent(good),
    }
    async with Charger(network, version) as charger:
        for csr in faults.values():
            assert await charger.ask(csr) == "Rejected"
        if version != "1.6":
            assert await charger.ask(good, certificate_type="V2GCertificate") == "Rejected"
            faults["certificates for vehicles (V2G) and for other purposes are not signed here"] = None
        events = await asyncio.to_thread(network.service.items, "/api/v1/security-events?kind=CertificateSigningRefused")
        assert [event["info"] for event in reversed(events)] == list(faults)
        assert {(event["charger_id"], event["critical"]) for event in events} == {("CP-1", False)}
        assert charger.got.empty() and network.certificates() == []
    told = network.service.metric("chargewatch_security_events_total", event="CertificateSigningRefused", critical="no")
    assert told == len(faults)
    assert network.service.metric("chargewatch_certificate_requests_total", outcome="wrong_name") == 1


@every_version
async def test_without_an_authority_every_wish_is_rejected_and_the_ledger_says_why(service, version):
    await asyncio.to_thread(service.act_as, "operator")
    async with websockets.connect(service.url("CP-1"), subprotocols=[f"ocpp{version}"]) as socket:
        point = PACKAGES[version].ChargePoint("CP-1", socket)
        reader = asyncio.create_task(point.start())
        answer = await point.call(PACKAGES[version].call.SignCertificate(csr=request()[1]), suppress=False)
        reader.cancel()
    assert answer.status == "Rejected"
    event = service.wait_for("/api/v1/security-events")[0]
    assert (event["kind"], event["info"]) == ("CertificateSigningRefused", "no authority is configured here ([ca])")
    assert service.items("/api/v1/certificates") == []


@pytest.mark.parametrize(
    ("settings", "profile", "why"),
    [
        ({}, 1, "it asked over security profile 1, which ca.profiles does not name"),
        ({"chargers": "registered"}, 2, "it is neither in the registry nor accepted by an operator"),
        ({"organisation": "Milton Keynes"}, 2, "its organisation is missing, which is not the one of ca.organisation"),
    ],
)
async def test_only_those_get_one_who_may(tmp_path, settings, profile, why):
    network = Network(tmp_path, **settings)
    async with Charger(network, profile=profile) as charger:
        assert await charger.ask(request()[1]) == "Rejected"
        event = network.service.wait_for("/api/v1/security-events?kind=certificatesigningrefused")[0]
        assert event["info"] == why
        if "chargers" in settings:
            await asyncio.to_thread(network.run, "charger", "accept", "CP-1")
            for _ in range(7):
                if (status := await charger.ask(request()[1])) == "Accepted":
                    break
                await asyncio.sleep(0.5)
            assert status == "Accepted"
        elif "organisation" in settings:
            assert await charger.ask(request(organisation="Milton Keynes")[1]) == "Accepted"
            read = x509.load_pem_x509_certificate((await charger.certificate())["certificate_chain"].encode())
            named_as = read.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
            assert [part.value for part in named_as] == ["Milton Keynes"]
    assert network.service.stop() == 0


async def test_what_the_charger_says_to_it_is_kept_and_it_may_not_ask_for_ever(tmp_path):
    network = Network(tmp_path, requests_per_day=2)
    _, csr = request()
    async with Charger(network, says="Rejected") as charger:
        assert await charger.ask(csr) == "Accepted"
        await network.until(lambda: network.certificates()[0]["delivery"] == "rejected")
    async with Charger(network, says=None) as charger:
        assert await charger.ask(csr) == "Accepted"
        await charger.certificate()
        await network.until(lambda: network.certificates()[0]["delivery"] == "unanswered")
    async with Charger(network) as charger:
        assert await charger.ask(csr) == "Rejected"
    assert network.service.metric("chargewatch_certificate_requests_total", outcome="too_often") == 1
    # Another one has asked for nothing yet.
    async with Charger(network, name="CP-2") as charger:
        assert await charger.ask(request("CP-2")[1]) == "Accepted"
        await charger.certificate()
    assert len({certificate["serial"] for certificate in network.certificates()}) == 3
    assert network.service.stop() == 0


def test_a_key_that_others_can_read_is_told_at_the_start(tmp_path):
    network = Network(tmp_path)
    assert network.service.stop() == 0
    (tmp_path / "clients.key").chmod(0o644)
    command = [BINARY, "check-config", "--config", str(tmp_path / "site.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "clients.key: the key can be read by others" in done.stderr, done.stderr
