"""The API against tools that we did not write."""

import asyncio
import csv
import io
import json

import websockets
from openapi_spec_validator import validate


def test_the_openapi_document_is_one(service):
    document = service.json("/api/v1/openapi.json")
    validate(document)
    service.act_as("admin")
    for path, methods in document["paths"].items():
        status, _ = service.get(path.replace("{id}", "1"))
        # Some need parameters, and some only change something.
        assert status in ((200, 400, 404) if "get" in methods else (405,)), (path, status)


def test_mistakes_are_problems(service):
    for path, status, told in [
        ("/api/v1/sessions?limt=3", 400, 'did you mean "limit"?'),
        ("/api/v1/sessions?limit=0", 400, "is not a number from 1 to 1000"),
        ("/api/v1/sessions?from=yesterday", 400, "is not a time like"),
        ("/api/v1/sessions?state=over", 400, "is none of"),
        ("/api/v1/sessions?cursor=x", 400, "cursor"),
        ("/api/v1/sessions?site=nowhere", 400, "the registry is empty"),
        ("/api/v1/sessions/7", 404, "there is no session 7"),
        ("/api/v1/sessions/x", 404, "is no number"),
        ("/api/v1/chargers/none", 404, "there is no charger"),
        ("/api/v1/nothing", 404, "is no path here"),
    ]:
        found, body = service.get(path)
        problem = json.loads(body)
        assert (found, problem["status"]) == (status, status), path
        assert told in problem["detail"], (path, problem)


async def test_pages_and_streams_tell_the_same_while_more_comes_in(service):
    connection = await websockets.connect(service.url("CP-1"), subprotocols=["ocpp1.6"])

    async def session(n):
        start = {"connectorId": 1, "idTag": "A", "meterStart": n, "timestamp": f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z"}
        await connection.send(json.dumps([2, str(n), "StartTransaction", start]))
        await connection.recv()

    for n in range(60):
        await session(n)
    seen, cursor = [], ""
    while cursor is not None:
        page = await asyncio.to_thread(service.json, f"/api/v1/sessions?limit=7{cursor and '&cursor=' + cursor}")
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        await session(100 + len(seen))
    assert len(seen) == len(set(seen)) == 60
    assert seen == sorted(seen, reverse=True)
    _, text = service.get("/api/v1/sessions?format=csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    _, lines = service.get("/api/v1/sessions?format=ndjson")
    objects = [json.loads(line) for line in lines.splitlines()]
    assert [int(row["id"]) for row in rows] == [row["id"] for row in objects]
    assert set(seen) < {row["id"] for row in objects}
    assert rows[0].keys() == objects[0].keys()
    await connection.close()
