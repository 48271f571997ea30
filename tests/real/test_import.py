"""Imported sessions against pandas, which reads the same files by itself."""

import io
import json
import pathlib
import subprocess

import pandas
import pytest
from conftest import BINARY, ROOT, Service

DATA = ROOT.parent / "shared" / "data" / "perth-kinross-ev-sessions"
RAW = ["raw-2016-09_2017-08.csv", "raw-2017-09_2018-08.csv", "raw-2018-09_2019-08.csv"]

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there")


def run(folder, file, map_name):
    """Imports a file; its report."""
    command = [BINARY, "import", "sessions", DATA / file, "--map", ROOT / "config" / map_name, "--data-dir", folder]
    done = subprocess.run([*command, "--out", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def place(local):
    """Wall clock times of Scotland in UTC; of a doubled hour the first, a missing hour as in winter time."""
    return local.dt.tz_localize("Europe/London", ambiguous=[True] * len(local), nonexistent=pandas.Timedelta("1h")).dt.tz_convert(
        "UTC"
    )


def expected(start, end, rows):
    """What must be in the ledger of a file, worked out in another way: energy in whole mWh, durations in minutes."""
    wh = (rows["kwh"] * 1_000_000).round().astype("Int64")
    wh = wh.where(~(wh <= -10_000)).clip(lower=0)
    # No session of these files ends in a doubled hour that its start precedes differently; the assertion below says so.
    end = place(end).where(end.dt.year > 2000)
    end = end.where(~(end < place(start)))
    return pandas.DataFrame(
        {"charger": rows["charger"], "connector": rows["connector"], "site": rows["site"].str.strip(), "start": place(start),
         "minutes": (end - place(start)).dt.total_seconds() / 60, "mwh": wh}
    )


def joined():
    """sessions.csv as pandas reads it."""
    rows = pandas.read_csv(DATA / "sessions.csv", dtype={"cp_id": str}).rename(columns={"cp_id": "charger"})
    form = "%Y-%m-%dT%H:%M"
    return expected(
        pandas.to_datetime(rows["start_local"], format=form), pandas.to_datetime(rows["end_local"], format=form), rows
    )


def raw():
    """The files as published: the day comes first in every date that could be read so."""
    names = {"CP ID": "charger", "Connector": "connector", "Total kWh": "kwh", "Site": "site"}
    rows = pandas.concat(pandas.read_csv(DATA / file, dtype={"CP ID": str}) for file in RAW).reset_index(drop=True)
    rows = rows.rename(columns=names)

    def moment(date, time):
        parts = date.str.extract(r"(\d+)-(\d+)-(\d+)T").astype("Int64")
        swaps = parts[2] <= 12
        month, day = parts[1].mask(swaps, parts[2]), parts[2].mask(swaps, parts[1])
        text = parts[0].astype(str) + "-" + month.astype(str) + "-" + day.astype(str) + " " + time
        return pandas.to_datetime(text.where(date.notna() & (time.fillna("") != "")), format="%Y-%m-%d %H:%M")

    return expected(moment(rows["Start Date"], rows["Start Time"]), moment(rows["End Date"], rows["End Time"]), rows)


def served(folder, source):
    """What the API says of the sessions of a source."""
    service = Service(folder)
    try:
        status, text = service.get(f"/api/v1/sessions?format=csv&source={source}")
        assert status == 200, text
        assert service.items("/api/v1/sessions?source=charger") == []
        assert service.ledger("SELECT count(*) FROM status_interval")[0][0] == 0
        assert service.metric("chargewatch_chargers_connected") in (None, 0)
    finally:
        assert service.stop() == 0
    rows = pandas.read_csv(io.StringIO(text), dtype={"charger_id": str, "source_session": str})
    start = pandas.to_datetime(rows["started_at"], utc=True)
    end = pandas.to_datetime(rows["ended_at"], utc=True)
    assert (rows["id"] < 0).all() and set(rows["source"]) == {source}
    return pandas.DataFrame(
        {"charger": rows["charger_id"], "connector": rows["connector_id"], "site": rows["source_site"], "start": start,
         "minutes": (end - start).dt.total_seconds() / 60, "mwh": (rows["energy_wh"] * 1000).round().astype("Int64")}
    )


def same(found, wanted):
    """Counts, energy and durations: in all, per site and month, and session by session."""
    assert len(found) == len(wanted)
    month = lambda rows: rows["start"].dt.tz_convert("Europe/London").dt.strftime("%Y-%m")
    figures = {"sessions": ("start", "size"), "mwh": ("mwh", "sum"), "known": ("mwh", "count"), "minutes": ("minutes", "sum"),
               "ended": ("minutes", "count")}
    tables = [rows.groupby(["site", month(rows)]).agg(**figures) for rows in (found, wanted)]
    pandas.testing.assert_frame_equal(*tables, check_dtype=False, check_names=False)
    keys = ["charger", "connector", "start", "minutes", "mwh"]
    ordered = [rows[keys].sort_values(keys).reset_index(drop=True) for rows in (found, wanted)]
    pandas.testing.assert_frame_equal(*ordered, check_dtype=False)


def test_sessions_of_a_council_are_what_pandas_reads(tmp_path):
    report = run(tmp_path, "sessions.csv", "import-perth-kinross.toml")
    wanted = joined()
    assert (report["rows"], report["added"], report["rejected"]) == (len(wanted), len(wanted), {})
    assert report["energy_wh"] == str(wanted["mwh"].sum() // 1000)
    assert report["flags"]["no_end"] + report["flags"]["end_before_start"] == wanted["minutes"].isna().sum()
    assert report["flags"]["long"] == (wanted["minutes"] > 48 * 60).sum()
    assert report["zero_energy"] == (wanted["mwh"] == 0).sum()
    assert report["zero_duration"] == (wanted["minutes"] == 0).sum()
    line = wanted.sort_values("start", kind="stable").groupby(["charger", "connector"])
    ends = wanted["start"] + pandas.to_timedelta(wanted["minutes"], unit="min")
    before = line["start"].transform(lambda group: ends[group.index].ffill().cummax().shift())
    assert report["overlaps"] == (wanted["start"] < before).sum()
    same(served(tmp_path, "perth-kinross"), wanted)
    assert run(tmp_path, "sessions.csv", "import-perth-kinross.toml")["known"] == len(wanted)


def test_files_with_swapped_days_and_months_are_what_pandas_reads(tmp_path):
    wanted = raw()
    rows = sum(run(tmp_path, file, "import-perth-kinross-raw.toml")["added"] for file in RAW)
    assert rows == len(wanted)
    same(served(tmp_path, "perth-kinross-raw"), wanted)
    # Both ways of publishing tell the same sessions.
    same(wanted, joined())
