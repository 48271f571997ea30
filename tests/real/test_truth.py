"""A simulated month against a reckoning that is not ours: what the built binary reports of its ledger, and what `reckoning.py`
makes of the simulator's own truth file. Nothing may differ by a second.

The month has a change of the clock, faults, power cuts, lost links, chargers that tell late or in another order, and three
outages of our own. Entries of operators, opening hours, and days of commissioning and removal come on top."""

import collections
import csv
import datetime
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

import pytest
import reckoning
from conftest import BINARY, ROOT, Service
from reckoning import STATES, ms

PERIOD = "2025-10"

# What operators entered: (charger, EVSE, kind, cause, from, until). One lies across the change of the clock.
ENTERED = [
    (0, None, "blocked", "obstructed", "2025-10-03T08:00:00Z", "2025-10-04T17:30:00Z"),
    (1, 1, "exempt", "vandalism", "2025-10-10T00:00:00Z", "2025-10-12T06:00:00Z"),
    (2, None, "planned_work", "maintenance", "2025-10-06T06:00:00Z", "2025-10-20T18:00:00Z"),
    (3, None, "exempt", "grid_failure", "2025-10-25T20:00:00Z", "2025-10-26T09:00:00Z"),
    (5, 1, "blocked", "obstructed", "2025-10-08T20:00:00Z", "2025-10-09T12:00:00Z"),
    (6, None, "planned_work", "maintenance", "2025-10-08T12:00:00Z", "2025-10-22T12:00:00Z"),
]
# What the registry says besides what the simulator writes: opening hours, first and last day.
REGISTERED = {
    4: {"commissioned_on": "2025-10-09"},
    7: {"removed_on": "2025-10-22"},
    8: {"commissioned_on": "2025-10-04", "removed_on": "2025-10-27", "opening_hours": "Mo-Fr 07:00-19:00"},
    9: {"opening_hours": "Mo-Su 06:00-22:30"},
}


class Month:
    """The month that was lived through, served by the built binary."""

    def __init__(self, folder):
        self.folder = folder
        environment = dict(os.environ) | {"CHARGEWATCH_MONTH": str(folder)}
        live = ["cargo", "test", "--locked", "--quiet", "--test", "it", "--", "--ignored", "month"]
        subprocess.run(live, cwd=ROOT, env=environment, check=True)
        read = lambda name: json.loads((folder / name).read_text())
        self.truth, self.run = read("truth.json"), read("run.json")
        self.registry = self.write_registry()
        self.span = reckoning.month(PERIOD)
        self.known = reckoning.known(self.truth, self.run)
        self.entries = [self.enter(*entry) for entry in ENTERED]
        # The month is long over; its frames are to be there all the same.
        extra = {"CHARGEWATCH_REGISTRY__FILE": str(folder / "registry.csv"), "CHARGEWATCH_STORE__FRAMES_KEEP_DAYS": "36500"}
        self.service = Service(folder, extra=extra)

    def write_registry(self):
        rows = reckoning.read_registry(self.folder / "registry.csv")
        chargers = list(dict.fromkeys(row["charger_id"] for row in rows))
        for row in rows:
            row.update({"removed_on": ""} | REGISTERED.get(chargers.index(row["charger_id"]), {}))
        with open(self.folder / "registry.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return rows

    def enter(self, place, evse, kind, cause, begins, ends):
        charger = self.truth["chargers"][place]["charger_id"]
        command = [BINARY, "exemption", "add", charger, "--kind", kind, "--cause", cause, "--from", begins, "--until", ends]
        command += ["--evidence", "photographs 1 to 4", "--data-dir", self.folder] + (["--evse", str(evse)] if evse else [])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return {"charger": charger, "evse": evse, "kind": kind, "span": (ms(begins), ms(ends))}

    def report(self, group):
        return self.service.json(f"/api/v1/reports/reliability?period={PERIOD}&group_by={group}")["rows"]

    def explained(self, charger, evse, begins, ends):
        when = "&".join(f"{key}={told(at)}" for key, at in (("from", begins), ("to", ends)))
        return self.service.items(f"/api/v1/reports/reliability/explain?evse={charger}/{evse}&{when}")


def told(at):
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="module")
def month():
    # Everything is written through to the disk; a folder in memory spares minutes.
    memory = pathlib.Path("/dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chargewatch-", dir=memory if memory.is_dir() else None))
    lived = None
    try:
        lived = Month(folder)
        yield lived
    finally:
        if lived:
            lived.service.stop()
        shutil.rmtree(folder)


GROUPS = {
    "network": lambda row: (),
    "site": lambda row: (row["site_id"],),
    "charger": lambda row: (row["charger_id"],),
    "evse": lambda row: (row["charger_id"], int(row["evse_id"])),
}
KEYS = {"network": [], "site": ["site"], "charger": ["charger"], "evse": ["charger", "evse"]}


@pytest.mark.parametrize("group", GROUPS)
def test_the_report_is_the_reckoning_to_the_second(month, group):
    wanted = reckoning.reliability(month.known, month.registry, month.entries, month.span, GROUPS[group])
    wrong = []
    rows = month.report(group)
    assert len(rows) == len(wanted)
    for row in rows:
        key = tuple(row[name] for name in KEYS[group])
        for column, figure in wanted[key].items():
            said = row[column]
            # Seconds are rounded once, ratios to six places.
            near = 0.5 if column.endswith("_s") else 5.1e-7
            if (said is None) != (figure is None) or (said is not None and abs(said - figure) > near):
                wrong.append((*key, column, said, figure))
    assert not wrong, f"{len(wrong)} differ: {wrong[:20]}"


def test_the_month_has_what_makes_it_hard(month):
    whole = month.report("network")[0]
    for column in ["up_s", "down_s", "planned_down_s", "unknown_s", "our_outage_s", "blocked_s", "exempted_s"]:
        assert whole[column] > 3600, (column, whole)
    assert whole["in_service_s"] > whole["counted_s"]
    assert len({round(whole[column], 4) for column in ["uk", "uk_literal", "strict", "nevi"]}) == 4, whole


def test_what_is_claimed_was_true(month):
    """Up or down may be said wrongly only where the charger itself could not tell: a change that came and went without a link
    for less than the grace, or the two seconds by which its clock is off."""
    true, wrong = reckoning.true(month.truth), collections.Counter()
    claimed = 0
    for (charger, number), line in month.known.items():
        of = next(one for one in month.truth["chargers"] if one["charger_id"] == charger)
        slack = abs(of["clock_skew_ms"]) + 1000
        truly = true[charger, number]
        edges = [at for at, *_ in truly] + [at for at, *_ in line]
        bounds = sorted({*month.span, *(at for at in edges if month.span[0] < at < month.span[1])})
        gaps = [(ms(a["heard"]) - slack, ms(b["from"]) + slack) for a, b in zip(of["links"], of["links"][1:])]
        for at, until in zip(bounds, bounds[1:]):
            (_, said, _), (_, was, _) = (max(one for one in of_line if one[0] <= at) for of_line in (line, truly))
            if said == "UNKNOWN":
                continue
            claimed += until - at
            works = lambda state: state in reckoning.UP
            excused = until - at <= slack or any(a <= at and until <= b for a, b in gaps)
            if works(said) != works(was):
                wrong["excused" if excused else f"{charger}/{number} {told(at)} {said} {was}"] += until - at
    excused = wrong.pop("excused", 0)
    assert not wrong, list(wrong.items())[:20]
    assert excused < claimed / 1000, f"{excused} of {claimed} ms"


def test_an_auditor_can_follow_any_minute_to_the_frame_that_proves_it(month):
    month.service.act_as("operator")
    draw = random.Random(1)
    proven = collections.Counter()
    for _ in range(200):
        (charger, number), line = draw.choice(sorted(month.known.items()))
        minute = draw.randrange(month.span[0] // 60_000, month.span[1] // 60_000) * 60_000
        pieces = month.explained(charger, number, minute, minute + 60_000)
        assert ms(pieces[0]["from"]) == minute and ms(pieces[-1]["until"]) == minute + 60_000
        for piece in pieces:
            _, state, _ = max(one for one in line if one[0] <= ms(piece["from"]))
            assert piece["seen"] == state, (charger, number, piece, state)
            if state == "UNKNOWN":
                proven["silence"] += 1
                continue
            frame = month.service.json(f"/api/v1/frames/{piece['frame_id']}")
            assert frame["charger_id"] == charger
            proven[frame["action"]] += 1
            assert says(frame, state), (piece, frame)
    assert sum(proven.values()) >= 200 and proven["StatusNotification"] > 50, proven


def says(frame, state):
    """Whether a frame says this of a connector."""
    payload = json.loads(frame["text"])[3]
    if frame["action"] in ("TransactionEvent", "StopTransaction"):
        return state == "CHARGING"
    if frame["action"] == "NotifyEvent":
        status = payload["eventData"][0]["actualValue"]
    else:
        status = payload.get("status") or payload["connectorStatus"]
    status = status[0].upper() + status[1:]
    return (STATES | {"Occupied": "CHARGING"})[status] == state
