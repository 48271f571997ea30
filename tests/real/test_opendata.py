"""Open data against models, a CSV validator and a paging client that we did not write."""

import asyncio
import csv
import io
import json
import subprocess
import time

import httpx
import pytest
import websockets
from conftest import BINARY, ROOT, Service
from py_ocpi.modules.locations.v_2_2_1.schemas import EVSE, Connector, Location
from py_ocpi.modules.tariffs.v_2_2_1.schemas import Tariff
from tableschema import Schema, Table

BASE = "/opendata/ocpi/2.2.1"

# IRVE dynamique 2.3: columns, which of them must be there, and what they may hold.
PLUG = {"type": "string", "constraints": {"enum": ["fonctionnel", "hors_service", "inconnu"]}}
IRVE = {
    "fields": [
        {
            "name": "id_pdc_itinerance",
            "type": "string",
            "constraints": {"required": True, "unique": True, "pattern": "^[A-Z]{2}[A-Z0-9]{4,33}$"},
        },
        {
            "name": "etat_pdc",
            "type": "string",
            "constraints": {"required": True, "enum": ["en_service", "hors_service", "inconnu"]},
        },
        {
            "name": "occupation_pdc",
            "type": "string",
            "constraints": {"required": True, "enum": ["libre", "occupe", "reserve", "inconnu"]},
        },
        {"name": "horodatage", "type": "datetime", "constraints": {"required": True}},
        {"name": "etat_prise_type_2", **PLUG},
        {"name": "etat_prise_type_combo_ccs", **PLUG},
        {"name": "etat_prise_type_chademo", **PLUG},
        {"name": "etat_prise_type_ef", **PLUG},
    ]
}

TARIFFS = """
[[tariff]]
id = "rapid"
element = [
    { start_time = "16:00", end_time = "19:00", days = "Mo-Fr", energy = 0.658333, vat = 20 },
    { energy = 0.541667, parking_time = 3.5, vat = 20 },
]
[[tariff]]
id = "free"
element = [{ energy = 0, vat = 20 }]
"""


def serve(folder, **more):
    settings = {"ENABLED": "true", "PARTY_ID": "MKD", "OPERATOR": "Milton Keynes City Council", "BURST": "100000", **more}
    extra = {f"CHARGEWATCH_OPEN_DATA__{key}": value for key, value in settings.items()}
    (folder / "tariffs.toml").write_text(TARIFFS)
    sites = folder / "sites.csv"
    if not sites.exists():
        head, *rows = (ROOT / "config" / "example-sites.csv").read_text().splitlines()
        tariffs = ["rapid", "rapid", "free", "", ""]
        lines = [f"{head},tariff_ids"] + [f"{row},{tariff}" for row, tariff in zip(rows, tariffs)]
        sites.write_text("\n".join(lines) + "\n")
    extra["CHARGEWATCH_REGISTRY__FILE"] = str(sites)
    extra["CHARGEWATCH_REGISTRY__TARIFFS_FILE"] = str(folder / "tariffs.toml")
    return Service(folder, extra=extra)


@pytest.fixture
def opened(tmp_path):
    running = serve(tmp_path)
    yield running
    assert running.stop() == 0


def strict(model, found):
    """The object as the model reads it: what the model did not take may only be one of our two additions."""
    model.parse_obj(found)
    return set(found) - set(model.__fields__)


def check(location):
    beyond = strict(Location, location)
    for evse in location["evses"]:
        beyond |= strict(EVSE, evse)
        for connector in evse["connectors"]:
            beyond |= strict(Connector, connector)
    assert beyond <= {"help_phone", "degraded"}, beyond


def data(answer, code=1000):
    body = answer.json()
    assert body["status_code"] == code and body["timestamp"].endswith("Z"), body
    return body.get("data")


def test_every_object_is_as_the_models_of_ocpi_want_it(opened):
    with httpx.Client(base_url=f"http://{opened.http}") as client:
        version = data(client.get("/opendata/ocpi/versions"))[0]
        assert version["version"] == "2.2.1"
        modules = {module["identifier"]: module["url"] for module in data(client.get(version["url"]))["endpoints"]}
        locations = data(client.get(modules["locations"]))
        assert [location["id"] for location in locations] == ["coachway", "mk-central", "netherfield"]
        for location in locations:
            check(location)
            assert data(client.get(f"{BASE}/locations/{location['id'].upper()}")) == location
            for evse in location["evses"]:
                path = f"{BASE}/locations/{location['id']}/{evse['uid']}"
                assert data(client.get(path)) == evse
                for connector in evse["connectors"]:
                    assert data(client.get(f"{path}/{connector['id']}")) == connector
        tariffs = data(client.get(modules["tariffs"]))
        assert [tariff["id"] for tariff in tariffs] == ["rapid", "free"]
        for tariff in tariffs:
            assert not strict(Tariff, tariff)
        assert tariffs[1]["tariff_alt_text"][0]["text"] == "0.00p per kWh, including VAT"
        assert "658333" in json.dumps(tariffs[0])


def test_every_mistake_is_an_envelope_with_a_true_http_code(opened):
    with httpx.Client(base_url=f"http://{opened.http}") as client:
        for path, status, code in [
            (f"{BASE}/locations/none", 404, 2003),
            (f"{BASE}/locations/coachway/none", 404, 2003),
            (f"{BASE}/locations?limit=0", 400, 2001),
            (f"{BASE}/locations?date_from=soon", 400, 2001),
            (f"{BASE}/locations?ofset=1", 400, 2001),
            ("/opendata/ocpi/2.1.1", 404, 2000),
        ]:
            answer = client.get(path)
            assert answer.status_code == status, path
            assert data(answer, code) is None
        assert client.post(f"{BASE}/locations").status_code == 405
        # Whatever host, whatever token: it is for anybody.
        headers = {"Host": "data.example", "Authorization": "Token bm9ib2R5"}
        answer = client.get("/opendata/ocpi/versions", headers=headers)
        assert data(answer)[0]["url"] == f"http://data.example{BASE}"


def test_copies_are_told_from_changes_and_other_pages_may_read(opened):
    with httpx.Client(base_url=f"http://{opened.http}") as client:
        first = client.get(f"{BASE}/locations")
        assert first.headers["cache-control"] == "public, max-age=5" and first.headers["access-control-allow-origin"] == "*"
        again = client.get(f"{BASE}/locations", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(f"{BASE}/locations")
        assert (head.content, head.headers["x-total-count"]) == (b"", "3")
        asked = {"Origin": "https://map.example", "Access-Control-Request-Method": "GET"}
        assert client.options(f"{BASE}/locations", headers=asked).status_code == 204


def test_it_is_off_unless_it_is_switched_on(service):
    for path in ["/opendata/ocpi/versions", f"{BASE}/locations", "/opendata/irve/dynamic.csv"]:
        status, body = service.get(path)
        assert (status, json.loads(body)["status_code"]) == (404, 2000)


def test_who_asks_too_often_waits(tmp_path):
    service = serve(tmp_path, BURST="3", REQUESTS_PER_MINUTE="6")
    with httpx.Client(base_url=f"http://{service.http}") as client:
        answers = [client.get(f"{BASE}/tariffs") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert int(answers[3].headers["retry-after"]) in range(1, 12)
        assert data(answers[3], 2000) is None
        # The rest of the API has limits of its own.
        assert client.get("/api/v1/chargers").status_code == 200
    assert service.stop() == 0


def write_many_sites(folder):
    rows = [
        "charger_id,site_id,latitude,longitude,address,city,postcode,evse_id,connector_types,rated_kw,commissioned_on,tariff_ids"
    ]
    for n in range(5000):
        day = f"20{10 + n % 15}-0{1 + n % 9}-01"
        rows.append(f"CP-{n},site-{n},{52 + n / 1e5:.5f},-0.7,{n} Road,Milton Keynes,MK9,1,Type2,7.4,{day},free")
    (folder / "sites.csv").write_text("\n".join(rows) + "\n")


def test_a_client_pages_through_five_thousand_locations(tmp_path):
    write_many_sites(tmp_path)
    service = serve(tmp_path)
    with httpx.Client(base_url=f"http://{service.http}", timeout=60) as client:
        seen, pages = [], 0
        answer = client.get(f"{BASE}/locations?limit=500&date_from=2020-01-01T00:00:00Z")
        began = time.monotonic()
        while True:
            pages += 1
            assert (answer.headers["x-total-count"], answer.headers["x-limit"]) == ("5000", "500")
            found = data(answer)
            for location in found[:: 50 if pages > 1 else 1]:
                check(location)
            seen += [location["id"] for location in found]
            if "next" not in answer.links:
                break
            assert "date_from=2020" in answer.links["next"]["url"]
            answer = client.get(answer.links["next"]["url"])
        print(f"{pages} pages in {time.monotonic() - began:.2f} s")
        assert (pages, len(seen), len(set(seen))) == (10, 5000, 5000)
        later = client.get(f"{BASE}/locations?date_from=2999-01-01T00:00:00Z")
        assert (later.headers["x-total-count"], data(later)) == ("0", [])
    assert service.stop() == 0


def read_as_partner(service):
    """What a client library that is not ours reads there, and thinks of it."""
    here = ["--manifest-path", ROOT / "tests" / "real" / "ocpi" / "Cargo.toml", "--target-dir", ROOT / "target" / "ocpi"]
    command = ["cargo", "run", "--quiet", "--locked", "--ignore-rust-version", *here, "--"]
    done = subprocess.run([*command, f"http://{service.http}/opendata/ocpi/versions"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_ocpi_client_that_is_not_ours_finds_its_way_and_pages_through_five_thousand_locations(tmp_path):
    write_many_sites(tmp_path)
    service = serve(tmp_path)
    found = read_as_partner(service)
    assert len(set(found["locations"])) == len(found["locations"]) == 5000
    assert (found["pages"], found["corrections"], found["connectors"]) == (10, 0, 5000)
    assert found["statuses"] == {"UNKNOWN": 5000} and found["tariffs"] == 2
    # Nobody registers for open data: credentials are what it leaves out.
    assert [failure.split(":")[0] for failure in found["failures"]] == ["endpoints.credentials"], found["failures"]
    assert found["passed"] > 20
    assert service.stop() == 0


async def test_a_change_of_status_is_published_at_once(opened):
    connection = await websockets.connect(opened.url("MK-NETHERFIELD-01"), subprotocols=["ocpp1.6"])
    path = f"http://{opened.http}{BASE}/locations/netherfield"
    took = []
    async with httpx.AsyncClient() as client:
        before = data(await client.get(path))
        assert before["evses"][0]["status"] == "UNKNOWN"
        for n in range(10):
            status, wanted = [("Available", "AVAILABLE"), ("Charging", "CHARGING"), ("Faulted", "OUTOFORDER")][n % 3]
            frame = {"connectorId": 1, "status": status, "errorCode": "NoError"}
            began = time.monotonic()
            await connection.send(json.dumps([2, str(n), "StatusNotification", frame]))
            while (after := data(await client.get(path)))["evses"][0]["status"] != wanted:
                assert time.monotonic() - began < 30, "the law's 30 seconds are over"
                await asyncio.sleep(0.01)
            took.append(time.monotonic() - began)
            await connection.recv()
            evse = after["evses"][0]
            bumped = {after["last_updated"], evse["last_updated"], evse["connectors"][0]["last_updated"]}
            assert len(bumped) == 1 and bumped.pop() > before["last_updated"]
            changed = data(await client.get(path.rsplit("/", 1)[0], params={"date_from": after["last_updated"]}))
            assert [location["id"] for location in changed] == ["netherfield"]
            before = after
    print(f"from frame to open data: median {sorted(took)[5] * 1000:.0f} ms, most {max(took) * 1000:.0f} ms")
    assert max(took) < 1
    await connection.close()


def test_a_bay_that_an_operator_entered_as_blocked_is_published_as_blocked_until_that_is_revoked(opened):
    def decide(*command):
        subprocess.run([BINARY, "exemption", *command, "--data-dir", opened.folder], check=True, stdout=subprocess.DEVNULL)

    def until(wanted):
        began = time.monotonic()
        while (found := opened.json(f"{BASE}/locations/netherfield")["data"]["evses"][0]["status"]) != wanted:
            assert time.monotonic() - began < 30, f"{found} after the law's 30 seconds"
            time.sleep(0.05)

    until("UNKNOWN")
    when = ["--from", "2020-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z", "--evidence", "photographs 1 to 4"]
    decide("add", "MK-NETHERFIELD-01", "--kind", "planned_work", "--cause", "maintenance", *when)
    decide("add", "MK-NETHERFIELD-01", "--kind", "blocked", "--cause", "obstructed", *when)
    until("BLOCKED")
    decide("revoke", "2", "--because", "the cones are gone")
    until("UNKNOWN")


async def test_the_french_file_keeps_to_its_schema_and_tells_the_same(opened, tmp_path):
    connection = await websockets.connect(opened.url("MK-COACHWAY-01"), subprotocols=["ocpp1.6"])
    for n, status in [(1, "Available"), (2, "Faulted")]:
        frame = {"connectorId": n, "status": status, "errorCode": "NoError"}
        await connection.send(json.dumps([2, str(n), "StatusNotification", frame]))
        await connection.recv()
    await asyncio.sleep(0.3)
    _, text = await asyncio.to_thread(opened.get, "/opendata/irve/dynamic.csv")
    file = tmp_path / "dynamic.csv"
    file.write_text(text)
    schema = Schema(IRVE)
    assert schema.valid
    rows = Table(str(file), schema=IRVE).read(keyed=True)
    assert len(rows) == 5
    coachway = next(row for row in csv.DictReader(io.StringIO(text)) if row["id_pdc_itinerance"] == "GBMKDE100101")
    assert (coachway["etat_pdc"], coachway["occupation_pdc"]) == ("en_service", "libre")
    assert (coachway["etat_prise_type_combo_ccs"], coachway["etat_prise_type_chademo"]) == ("fonctionnel", "hors_service")
    location = (await asyncio.to_thread(opened.json, f"{BASE}/locations/coachway"))["data"]
    assert (location["evses"][0]["status"], location["evses"][0]["degraded"]) == ("AVAILABLE", True)
    await connection.close()
