"""Reports of imported sessions against pandas, which reads the council's file by itself and knows nothing of days kept."""

import csv
import datetime
import io
import urllib.request
import zoneinfo
from fractions import Fraction

import pandas
import pytest
from conftest import Service
from test_import import DATA, joined, run

LONDON = zoneinfo.ZoneInfo("Europe/London")
SINCE = datetime.date(2016, 9, 1)
UNTIL = datetime.date(2019, 9, 1)
POWER = {"Triple": 50, "Raption": 22, "Semi-Rapid": 22, "22kW": 22, "7kW": 7, "7 kW": 7}

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there")


def millis(day):
    """Local midnight in milliseconds since 1970."""
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=LONDON).timestamp()) * 1000


def network():
    """What the registry is told: of triple chargers connectors 1 and 2 share an EVSE. By charger and connector."""
    rows = pandas.read_csv(DATA / "sessions.csv", dtype={"cp_id": str})
    evses = {}
    for (charger, connector), group in rows.groupby(["cp_id", "connector"]):
        model = group["model"].iloc[0]
        watts = next(kw for word, kw in POWER.items() if word in model) * 1000
        evse = max(connector - 1, 1) if "Triple" in model else connector
        evses[charger, connector] = {"charger": charger, "evse": evse, "site": f"s{int(charger) % 7}", "watts": watts}
    return evses


def register(folder, evses):
    """The registry as a file."""
    table = {}
    for (charger, connector), evse in evses.items():
        table.setdefault((charger, evse["evse"]), (evse, []))[1].append(str(connector))
    lines = ["charger_id,site_id,opening_hours,commissioned_on,evse_id,connector_ids,rated_kw"]
    for (charger, number), (evse, connectors) in sorted(table.items()):
        lines.append(f"{charger},{evse['site']},24/7,{SINCE},{number},{';'.join(connectors)},{evse['watts'] // 1000}")
    path = folder / "sites.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def days_between(start, end):
    """The local days that a stretch of milliseconds touches, with the part of it in each."""
    day = datetime.datetime.fromtimestamp(start / 1000, LONDON).date()
    while True:
        after = day + datetime.timedelta(days=1)
        low, high = max(start, millis(day)), min(end, millis(after))
        yield day, low, high
        if end <= millis(after):
            return
        day = after


def sessions_of(evses):
    """One row per session: EVSE, local day of its start, energy and length."""
    rows = joined()
    rows["start_ms"] = (rows["start"] - pandas.Timestamp(0, tz="UTC")) // pandas.Timedelta("1ms")
    rows["length_ms"] = (rows["minutes"] * 60_000).astype("Int64")
    rows["day"] = rows["start"].dt.tz_convert("Europe/London").dt.date
    for key in ("evse", "site", "watts"):
        rows[key] = [evses[place][key] for place in zip(rows["charger"], rows["connector"])]
    return rows


def parts_of(rows):
    """Energy by session and day, evenly over its length, and time in use by EVSE and day, overlaps once."""
    energy, spans = [], {}
    for row in rows.itertuples():
        length = 0 if pandas.isna(row.length_ms) else int(row.length_ms)
        mwh = 0 if pandas.isna(row.mwh) else int(row.mwh)
        if length == 0:
            energy.append((row.charger, row.evse, row.day, mwh))
            continue
        before = lambda at: mwh * (at - row.start_ms) // length
        for day, low, high in days_between(row.start_ms, row.start_ms + length):
            energy.append((row.charger, row.evse, day, before(high) - before(low)))
        spans.setdefault((row.charger, row.evse), []).append((row.start_ms, row.start_ms + length))
    use = []
    for (charger, evse), own in spans.items():
        reached = 0
        for low, high in sorted(own):
            low, reached = max(low, reached), max(high, reached)
            if low < high:
                use += [(charger, evse, day, end - begin) for day, begin, end in days_between(low, high)]
    names = ["charger", "evse", "day"]
    return pandas.DataFrame(energy, columns=[*names, "mwh"]), pandas.DataFrame(use, columns=[*names, "ms"])


def rounded(value, places):
    """A fraction as the service rounds: half away from zero."""
    scaled = value * 10**places
    return Fraction(int(abs(scaled) + Fraction(1, 2)), 10**places) * (1 if scaled >= 0 else -1)


def ratio(part, whole, places=6):
    return rounded(Fraction(int(part), 1) / Fraction(int(whole), 1), places) if whole else None


def thousandths(value):
    return None if pandas.isna(value) else rounded(Fraction(value).limit_denominator(10**6) / 1000, 3)


def figures(rows, energy, use, evses, spans):
    """What each report must say of a group of sessions, parts and EVSEs in stretches of days."""
    days = [span for span in spans if span[0] < span[1]]
    period = sum(millis(until) - millis(since) for since, until in days)
    counted = period * len(evses)
    valid = rows[rows["mwh"] > 0]
    known = rows.dropna(subset=["mwh"])
    ended = rows.dropna(subset=["length_ms"])
    mwh, in_use = int(energy["mwh"].sum()), int(use["ms"].sum())
    capacity = sum(watts for watts in evses.values()) * period
    session_mwh = int(known["mwh"].sum())
    per_session = ratio(session_mwh, len(valid) * 1_000_000) if len(valid) else None
    per_day = ratio(mwh * 86_400_000, counted * 1_000_000)
    has_some = len(rows) > 0 or mwh != 0
    of = lambda value: value if has_some else None
    quantile = lambda values, share: thousandths(values.astype("float64").quantile(share)) if len(values) else None
    mean = lambda values: ratio(values.sum(), len(values) * 1000, 3) if len(values) else None
    return {
        "utilisation": {
            "sessions": len(rows), "util_occupied": of(ratio(in_use, counted)), "util_effective": None,
            "util_charging": None if in_use or not has_some else Fraction(0),
            "util_energy": of(ratio(mwh * 3600, capacity)), "sessions_per_day": of(ratio(len(valid) * 86_400_000, counted)),
            "kwh_per_day": of(per_day), "kwh_per_session": per_session, "avg_power_kw": None, "peak_power_kw": None,
            "counted_s": counted // 1000, "in_use_s": in_use // 1000, "valid_sessions": len(valid),
            "energy_wh": Fraction(mwh, 1000), "power_unknown": 0, "flow_unknown_s": in_use // 1000,
        },
        "energy": {
            "energy_wh": of(Fraction(mwh, 1000)), "imported_wh": of(Fraction(mwh, 1000)), "by_register_wh": of(0),
            "spread_wh": of(Fraction(mwh, 1000)), "sessions_unmetered": of(len(rows) - len(known)),
            "session_energy_wh": of(Fraction(session_mwh, 1000)), "kwh_per_session": per_session,
            "kwh_per_day": of(per_day), "valid_sessions": of(len(valid)), "peak_power_kw": None,
        },
        "sessions": {
            "valid": of(len(valid)), "valid_share": ratio(len(valid), len(rows)), "empty": of(int((rows["mwh"] == 0).sum())),
            "unmetered": of(len(rows) - len(known)), "in_vain": of(int((valid["mwh"] < 100_000).sum())), "running": of(0),
            "without_stop": of(len(rows) - len(ended)), "imported": of(len(rows)), "ended": of(len(ended)),
            "duration_mean_s": mean(ended["length_ms"]), "duration_p10_s": quantile(ended["length_ms"], 0.1),
            "duration_median_s": quantile(ended["length_ms"], 0.5), "duration_p90_s": quantile(ended["length_ms"], 0.9),
            "energy_mean_wh": mean(valid["mwh"]), "energy_p10_wh": quantile(valid["mwh"], 0.1),
            "energy_median_wh": quantile(valid["mwh"], 0.5), "energy_p90_wh": quantile(valid["mwh"], 0.9),
            "with_flow": of(0), "charge_median_s": None, "idle_share": None,
        },
    }


def told(service, report, group_by, period):
    """The lines of a report, as texts."""
    url = f"http://{service.http}/api/v1/reports/{report}?{period}&group_by={group_by}&format=csv"
    # Years that are not kept yet are made when they are asked for.
    with urllib.request.urlopen(url, timeout=300) as answer:
        text = answer.read().decode()
    return list(csv.DictReader(io.StringIO(text)))


def compare(service, tables, evses, place, time, period, spans):
    """Every line of every report against what pandas says; the number of figures compared."""
    rows, energy, use = tables
    of_place = {"network": lambda charger: "", "site": lambda charger: f"s{int(charger) % 7}", "charger": str}[place]
    units = {}
    for evse in evses.values():
        units.setdefault(of_place(evse["charger"]), {})[evse["charger"], evse["evse"]] = evse["watts"]
    pick = lambda table, name, span: table[
        (table["charger"].map(of_place) == name) & (table["day"] >= span[0]) & (table["day"] < span[1])
    ]
    compared, wanted = 0, {}
    for name, own in units.items():
        for label, span in spans.items():
            cut = [pick(table, name, span) for table in (rows, energy, use)]
            wanted[name, label] = figures(*cut, own, [span])
    for report in ("utilisation", "energy", "sessions"):
        lines = told(service, report, ",".join(filter(None, [place, time])), period)
        assert len(lines) == len(wanted)
        for line in lines:
            key = (line.get(place, ""), line.get(time, ""))
            for column, value in wanted[key][report].items():
                text = line[column]
                found = Fraction(text) if text else None
                assert found == value, (report, key, column, text, value and float(value), line["reasons"])
                compared += 1
    return compared


def months(since, until):
    found, day = {}, since
    while day < until:
        after = (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
        found[day.strftime("%Y-%m")] = (day, after)
        day = after
    return found


def test_every_figure_of_a_councils_sessions_is_what_pandas_says(tmp_path):
    evses = network()
    run(tmp_path, "sessions.csv", "import-perth-kinross.toml")
    rows = sessions_of(evses)
    tables = (rows, *parts_of(rows))
    assert int(tables[1]["mwh"].sum()) == int(rows["mwh"].sum())
    service = Service(tmp_path, extra={"CHARGEWATCH_REGISTRY__FILE": register(tmp_path, evses)})
    try:
        # Both changes of the clock, a year by site and month, then all of it.
        compared = 0
        for month in ("2017-10", "2018-03"):
            since, until = months(SINCE, UNTIL)[month]
            days = [since + datetime.timedelta(days=index) for index in range((until - since).days)]
            spans = {str(day): (day, day + datetime.timedelta(days=1)) for day in days}
            compared += compare(service, tables, evses, "network", "day", f"period={month}", spans)
        of_a_year = months(datetime.date(2018, 1, 1), datetime.date(2019, 1, 1))
        compared += compare(service, tables, evses, "site", "month", "period=2018", of_a_year)
        whole, all_time = f"from={SINCE}&to={UNTIL}", {"": (SINCE, UNTIL)}
        for place in ("charger", "network", "site"):
            compared += compare(service, tables, evses, place, "", whole, all_time)
        compared += compare(service, tables, evses, "network", "month", whole, months(SINCE, UNTIL))
        print(f"{compared} figures of {len(rows)} sessions")
        assert compared > 10_000
    finally:
        assert service.stop() == 0
