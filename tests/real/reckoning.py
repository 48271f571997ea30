"""Reliability reckoned from what a simulated fleet knows of itself, with none of chargewatch's code: the simulator's truth
file and its registry, the outages of the run, and what operators entered. Times are whole milliseconds since 1970.

The rules are those that the definition of each figure states, and nothing else:

* a status holds from the instant that its message names until that of the next; a transaction means that its connector is in use;
* a charger whose connection is gone for the grace or longer is unknown from the last message on, until it is back;
* while nobody listens nothing is known: that is nobody's fault but ours, until ours is over and the charger had its grace;
* what is told later of such a time proves it: a status from its instant on, a transaction from its begin to its end.
"""

import bisect
import csv
import datetime
import re
import zoneinfo

LONDON = zoneinfo.ZoneInfo("Europe/London")
AHEAD_MS = 300_000
FOREVER = 2**62

STATES = {
    "Available": "AVAILABLE", "Preparing": "CHARGING", "Charging": "CHARGING", "SuspendedEV": "CHARGING",
    "SuspendedEVSE": "CHARGING", "Finishing": "CHARGING", "Reserved": "RESERVED", "Unavailable": "INOPERATIVE",
    "Faulted": "OUTOFORDER", "NoPower": "UNKNOWN",
}
# Which of several connectors speaks for their EVSE: the first of these that any of them shows.
ORDER = ["CHARGING", "RESERVED", "AVAILABLE", "UNKNOWN", "OUTOFORDER", "INOPERATIVE"]
UP, DOWN = {"AVAILABLE", "CHARGING", "RESERVED"}, {"INOPERATIVE", "OUTOFORDER"}
DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


def ms(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def midnight(day):
    return round(datetime.datetime.combine(day, datetime.time(), LONDON).timestamp() * 1000)


def month(text):
    """The span of a month, local time."""
    first = datetime.date.fromisoformat(text + "-01")
    return midnight(first), midnight((first + datetime.timedelta(days=32)).replace(day=1))


def silences(charger, outages, grace):
    """When nothing is heard of a charger: from, until, whose doing."""
    links = [(ms(link["from"]), ms(link["heard"])) for link in charger["links"]]
    back = [begins for begins, _ in links[1:]] + [FOREVER]
    found = []
    for (_, heard), until in zip(links, back):
        ours = next(((o, p) for o, p in outages if heard <= o < until), None)
        if ours and heard + grace > ours[0]:
            blamed = until if until < ours[1] + grace else ours[1]
            found.append((ours[0], blamed, "our_outage"))
            found.append((blamed, until, "link"))
        elif heard + grace <= until:
            found.append((heard, until, "link"))
    return [silence for silence in found if silence[0] < silence[1]]


def evidence(charger, place):
    """What was told of a connector, in the order of its time: instant, state, when it was told."""
    told, now, newest = [], None, -1
    for line in charger["told"]:
        if (line["evse_id"], line["connector_id"]) != place:
            continue
        sent, at = ms(line["sent"]), ms(line["at"])
        # A clock that is more than five minutes ahead is not believed.
        at = at if at - sent <= AHEAD_MS else sent
        if line["what"] == "status":
            state = STATES[line["status"]]
        elif charger["protocol"] == "1.6":
            # There a transaction says nothing of its connector, which has statuses for all that it does.
            continue
        elif line["what"] == "ended" and now != "CHARGING":
            # What comes after the connector's own word that it is free or broken.
            continue
        else:
            state = "CHARGING"
        if line["what"] == "status" or at >= newest:
            now = state
        newest = max(newest, at)
        told.append((at, len(told), state, sent))
    return sorted(told)


def sessions_of(truth, charger, place):
    """Transactions of a connector that are older than the connection by which they were told: begin, end, when that was."""
    links = [ms(link["from"]) for link in charger["links"]]
    told = [line for line in charger["told"] if (line["evse_id"], line["connector_id"]) == place]
    when = lambda what: {ms(line["at"]): ms(line["sent"]) for line in reversed(told) if line["what"] == what}
    starts, ends = when("began"), when("ended")
    for session in truth["sessions"]:
        if session["charger_id"] != charger["charger_id"] or (session["evse_id"], session["connector_id"]) != place:
            continue
        begin = ms(session["started_at_reported"])
        if not session["start_acknowledged"]:
            continue
        if session["stop_acknowledged"]:
            end = ms(session["ended_at_reported"])
            sent = ends[end]
        elif session["ended_without_stop"] and session["last_reported_at"]:
            # It ran until its last reading at least.
            end, sent = ms(session["last_reported_at"]), starts[begin]
        else:
            continue
        connected = links[bisect.bisect_right(links, sent) - 1]
        if begin < connected:
            yield begin, end, sent


def connector_line(truth, charger, connector, quiet):
    """What is known of a connector, as (from, state, whose doing)."""
    place = (connector["evse_id"], connector["connector_id"])
    told = evidence(charger, place)
    instants = [line[0] for line in told]
    ran = list(sessions_of(truth, charger, place))
    bounds = sorted(
        set(instants) | {edge for silence in quiet for edge in silence[:2]} | {edge for run in ran for edge in run[:2]}
    )
    for at in bounds:
        last = bisect.bisect_right(instants, at) - 1
        said = told[last] if last >= 0 else None
        silence = next((one for one in quiet if one[0] <= at < one[1]), None)
        if silence is None or (said and said[3] >= silence[1]):
            yield at, said[2] if said else "UNKNOWN", "charger" if said else "link"
        elif any(begin <= at < end and sent >= silence[1] for begin, end, sent in ran):
            yield at, "CHARGING", "transaction"
        else:
            yield at, "UNKNOWN", silence[2]


def merged(lines):
    """Several lines as that of their EVSE."""
    lines = [list(line) for line in lines]
    starts = [[piece[0] for piece in line] for line in lines]
    found = []
    for at in sorted({start for of in starts for start in of}):
        now = [line[last] for line, of in zip(lines, starts) if (last := bisect.bisect_right(of, at) - 1) >= 0]
        _, state, cause = min(now, key=lambda piece: ORDER.index(piece[1]))
        if not found or found[-1][1:] != (state, cause):
            found.append((at, state, cause))
    return found


def known(truth, run):
    """What is known of every EVSE, by charger and number."""
    outages = [(ms(one["from"]), ms(one["to"])) for one in run["outages"]]
    found = {}
    for charger in truth["chargers"]:
        quiet = silences(charger, outages, run["grace_s"] * 1000)
        for number in sorted({connector["registered_evse_id"] for connector in charger["connectors"]}):
            own = [one for one in charger["connectors"] if one["registered_evse_id"] == number]
            lines = (connector_line(truth, charger, connector, quiet) for connector in own)
            found[charger["charger_id"], number] = merged(lines)
    return found


def true(truth):
    """What every EVSE truly did."""
    found = {}
    for charger in truth["chargers"]:
        for number in sorted({connector["registered_evse_id"] for connector in charger["connectors"]}):
            own = [one for one in charger["connectors"] if one["registered_evse_id"] == number]
            found[charger["charger_id"], number] = merged(
                [(ms(state["from"]), STATES[state["status"]], "charger") for state in connector["states"]] for connector in own
            )
    return found


def opening(text, span):
    """When a site is open in a span: a form of opening hours, Mo-Su 06:00-22:00."""
    if text == "24/7":
        return [span]
    first, last, *clock = re.fullmatch(r"(\w\w)-(\w\w) (\d\d):(\d\d)-(\d\d):(\d\d)", text).groups()
    begin, end = (datetime.time(int(h) % 24, int(m)) for h, m in (clock[:2], clock[2:]))
    day, found = datetime.datetime.fromtimestamp(span[0] / 1000, LONDON).date(), []
    while midnight(day) < span[1]:
        if DAYS.index(first) <= day.weekday() <= DAYS.index(last):
            opens = round(datetime.datetime.combine(day, begin, LONDON).timestamp() * 1000)
            next_day = day + datetime.timedelta(days=1)
            closes = midnight(next_day) if clock[2:] == ["24", "00"] else round(
                datetime.datetime.combine(day, end, LONDON).timestamp() * 1000)
            found.append((max(opens, span[0]), min(closes, span[1])))
        day += datetime.timedelta(days=1)
    return [(a, b) for a, b in found if a < b]


def pieces(line, row, entries, span):
    """An EVSE's time cut where anything changes: (from, until, state, class, planned)."""
    day = lambda text: midnight(datetime.date.fromisoformat(text)) if text else None
    commissioned, removed = day(row["commissioned_on"]), day(row.get("removed_on"))
    hours = opening(row["opening_hours"], span)
    own = [one for one in entries if one["charger"] == row["charger_id"] and one["evse"] in (None, int(row["evse_id"]))]
    starts = [piece[0] for piece in line]
    bounds = {*span, *starts, commissioned, removed} | {edge for one in hours for edge in one}
    bounds |= {edge for one in own for edge in one["span"]}
    bounds = sorted(edge for edge in bounds if edge is not None and span[0] <= edge <= span[1])
    for at, until in zip(bounds, bounds[1:]):
        _, state, cause = line[bisect.bisect_right(starts, at) - 1]
        kinds = {one["kind"] for one in own if one["span"][0] <= at < one["span"][1]}
        if at < commissioned or (removed is not None and at >= removed):
            of = "outside"
        elif not any(a <= at < b for a, b in hours):
            of = "closed"
        elif "exempt" in kinds:
            of = "exempt"
        elif "blocked" in kinds:
            of = "blocked"
        elif state in UP:
            of = "up"
        elif state in DOWN:
            of = "down"
        else:
            of = "ours" if cause == "our_outage" else "unknown"
        yield at, until, state, of, "planned_work" in kinds


class Sums:
    """Milliseconds of a group of EVSEs, and the figures made of them."""

    def __init__(self):
        names = ["up", "down", "unknown", "ours", "blocked", "exempt", "closed", "outside"]
        self.of = dict.fromkeys([*names, "planned_down", "planned_unknown", "entered_unheard"], 0)
        self.ports = 0

    def add(self, found):
        self.ports += 1
        for at, until, state, of, planned in found:
            self.of[of] += until - at
            if planned and of in ("down", "unknown"):
                self.of["planned_" + of] += until - at
            if state == "UNKNOWN" and of in ("blocked", "exempt"):
                self.of["entered_unheard"] += until - at

    def figures(self, span):
        s = self.of
        eligible = s["up"] + s["down"]
        exempt = s["unknown"] + s["ours"] + s["blocked"] + s["exempt"]
        t = eligible + exempt
        length = (span[1] - span[0]) * self.ports
        outage = s["down"] + s["unknown"]
        excluded = s["planned_down"] + s["planned_unknown"]
        unheard = s["unknown"] + s["ours"] + s["entered_unheard"]
        told = {
            "uk": share(t - exempt - s["down"], t - exempt),
            "uk_literal": share(t - s["down"], t),
            "strict": share(s["up"], t - s["blocked"] - s["exempt"] - s["ours"]),
            "nevi": share(length - (outage - excluded), length) if t else None,
            "observed": share(t - unheard, t),
            "budget_left_s": (0.01 * eligible - s["down"]) / 1000 if eligible else None,
            "in_service_s": (t + s["closed"]) / 1000,
            "counted_s": t / 1000,
        }
        names = {"up_s": "up", "down_s": "down", "planned_down_s": "planned_down", "unknown_s": "unknown",
                 "our_outage_s": "ours", "blocked_s": "blocked", "exempted_s": "exempt"}
        return told | {name: s[key] / 1000 for name, key in names.items()}


def share(part, whole):
    return part / whole if whole else None


def reliability(lines, registry, entries, span, group):
    """The report: figures by what `group` makes of a row of the registry."""
    sums, rapid = {}, {}
    for row in registry:
        found = list(pieces(lines[row["charger_id"], int(row["evse_id"])], row, entries, span))
        sums.setdefault(group(row), Sums()).add(found)
        if float(row["rated_kw"]) >= 50:
            rapid.setdefault(group(row), Sums()).add(found)
    nothing = Sums().figures(span)
    return {
        key: of.figures(span) | {"uk_rapid": (rapid[key].figures(span) if key in rapid else nothing)["uk"]}
        for key, of in sums.items()
    }


def read_registry(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
