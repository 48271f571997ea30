"""Samples, and thousands of payloads made from the official JSON schemas, against the running service: every answer fits
the schema of its action, and what is noted as deviating is what the schemas refuse."""

import asyncio
import collections
import json
import re

import official
import pytest
import websockets
from official import FOLDERS, Maker, actions, faults, request, samples, show, text_of

VERSIONS = list(FOLDERS)
SEED = 20_26


async def talk(service, version, charger, frames):
    """Sends frames over one connection and gives what came back until a heartbeat behind them was answered."""
    answers = []
    url = service.url(charger)
    async with websockets.connect(url, subprotocols=[f"ocpp{version}"], max_size=None, ping_interval=None) as socket:
        assert socket.subprotocol == f"ocpp{version}"

        async def say():
            for frame in frames:
                await socket.send(frame)
            await socket.send('[2,"the-end","Heartbeat",{}]')

        speaking = asyncio.create_task(say())
        while True:
            answer = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if answer[1] == "the-end":
                break
            answers.append(answer)
        await speaking
    assert answer[0] == 3 and faults(version, "Heartbeat", answer[2], answer=True) == []
    return answers


@pytest.mark.parametrize("version", VERSIONS)
async def test_sound_samples_conform_and_their_answers_too(service, version):
    sound = [sample for sample in samples(version) if not sample[1].startswith("deviating")]
    assert {action for action, _, _ in sound} == set(actions(version))
    told = await each(service, version, sound)
    wrong = []
    for (action, name, text), (answers, noted) in zip(sound, told):
        kind, message, said, payload = json.loads(text)
        assert said == action
        wrong += [f"{action}/{name}: {fault}" for fault in faults(version, action, payload)]
        # It speaks of a transaction that was never begun here.
        unexpected = [note for note in noted if (version, note["rule"]) != ("1.6", "transaction_id")]
        wrong += [f"{action}/{name} is noted: {note}" for note in unexpected]
        if kind == 6:
            assert answers == [], (action, name)
            continue
        [[answered, echoed, result]] = answers
        assert (answered, echoed) == (3, message), (action, name)
        wrong += [f"answer to {action}/{name}: {fault}" for fault in faults(version, action, result, answer=True)]
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_deviating_samples_are_answered_too_and_the_socket_lives(service, version):
    deviating = [sample for sample in samples(version) if sample[1].startswith("deviating")]
    told = await each(service, version, deviating)
    wrong, sound = [], []
    for (action, name, text), (answers, noted) in zip(deviating, told):
        wrong += [f"{action}/{name}: {fault}" for fault in unfit(version, action, text, answers)]
        sound += [] if noted else [f"{action}/{name}"]
    assert wrong == []
    assert sound == []


async def each(service, version, frames):
    """What is answered to each sample and noted about it, each by a charger of its own."""
    at_once = asyncio.Semaphore(16)

    async def one(action, name, text):
        charger = f"{action}-{name}"
        async with at_once:
            answers = await talk(service, version, charger, [text])
        return answers, await asyncio.to_thread(service.items, f"/api/v1/deviations?charger={charger}")

    return await asyncio.gather(*(one(*sample) for sample in frames))


def unfit(version, action, text, answers):
    """What is wrong with the answers to a deviating sample."""
    head = re.match(r'\W*(\w+)"?\s*,\s*("[^"]*"|[^,]*)\s*,\s*"?(\w*)', text)
    if head is None or head.group(1) != "2":
        # Nothing was asked, or nobody can tell what.
        return [f"answered {answer}" for answer in answers if answer[0] != 4]
    if len(answers) != 1:
        return [f"{len(answers)} answers"]
    [[kind, echoed, *rest]] = answers
    wrong = [] if echoed == json.loads(head.group(2)) else [f"echoed {echoed}"]
    said = head.group(3).lower()
    spoken = [(of, name) for of in [version, *VERSIONS] for name in actions(of) if name.lower() == said]
    if not spoken:
        return wrong + ([f"{said} is nowhere, and got {rest}"] if kind != 4 else [])
    if kind == 4:
        return wrong + [f"{said} was refused with {rest}"]
    if said == "notifyperiodiceventstream":
        # Nobody answers it; who asks for an answer gets an empty one.
        return wrong + ([f"got {rest}"] if rest != [{}] else [])
    found = [faults(of, name, rest[0], answer=True) for of, name in spoken]
    # A request in the shape of another version is answered in that shape.
    other = action == "Authorize" and '"idTag"' in text
    fits = found[0] == [] or (other and [] in found)
    return wrong + ([] if fits else found[0])


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_the_schemas_allow_is_not_noted_as_deviating(service, version):
    service.act_as("operator")
    cases, notes, misfits = await sent(service, version, conforming)
    surprising = [
        f"{case}: {rule} at {path!r}: {found[:60]!r}"
        for case, noted in zip(cases, notes)
        for rule, path, found in noted
        if not is_beyond(version, case, rule, path)
    ]
    assert misfits == []
    assert surprising == [], report(surprising)


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_the_schemas_refuse_is_noted_by_the_rule_for_it(service, version):
    service.act_as("operator")
    cases, notes, misfits = await sent(service, version, broken)
    by_rule = [{rule for rule, _, _ in noted} for noted in notes]
    unnoticed = [case for case, rules in zip(cases, by_rule) if RULES[kind_of(case)] not in rules]
    gaps = [gap for gap in GAPS if version in gap[0]]
    surprising = [str(case) for case in unnoticed if not any(fills(gap, case) for gap in gaps)]
    assert surprising == [], report(surprising)
    closed = [gap for gap in gaps if not any(fills(gap, case) for case in unnoticed)]
    assert closed == [], f"noticed by now, so they are no gaps: {closed}"
    wrong = [misfit for _, misfit in misfits]
    assert wrong == [], report(wrong)


# What this service notes beyond what a schema can say: version, rule, path of the note, and what it is.
BEYOND = [
    ("1.6", "transaction_id", "transactionId", "no such transaction was begun here"),
    ("1.6", "not_a_number", r".*sampledValue\[\d\]\.value", "a reading is a text in 1.6, and a number by its prose"),
    ("1.6", "unit", r".*sampledValue\[\d\]\.unit", "the unit of another measurand"),
    ("1.6", "implausible", r"meterValue\.sampledValue\.value", "a register that jumps"),
    ("1.6", "out_of_range", "meterStart|meterStop", "no meter goes below zero"),
    ("1.6", "out_of_range", "connectorId", "numbers of connectors begin at 0 by the prose"),
    ("2.0.1", "out_of_range", r"(.*evse\.)?(id|evseId|connectorId)", "as of connectors; in 2.1 the schema says it too"),
    ("2.0.1 2.1", "out_of_range", r".*sampledValue\[\d\]\.value", "a multiplier that no number survives"),
    ("2.0.1 2.1", "implausible", r"meterValue\.sampledValue\.value|evse", "a register that jumps, an EVSE that changes"),
    ("1.6 2.0.1 2.1", "fraction", ".*", "1.0 where a whole number belongs: one to JSON Schema since draft 6"),
    ("1.6 2.0.1 2.1", "empty_text", ".*", "no schema wants a text to have a character in it"),
    ("1.6 2.0.1 2.1", "null_value", ".*", "a text that says none"),
]


def is_beyond(version, case, rule, path):
    return any(
        version in versions and rule == known and re.fullmatch(where, path) and tried(case, rule)
        for versions, known, where, _ in BEYOND
    )


def tried(case, rule):
    """Texts that say nothing, and 1.0, must be noted where they were put, and nowhere else."""
    endings = {"empty_text": " as ", "null_value": " as none", "fraction": " as 1.0"}
    return case.what.endswith(endings.get(rule, ""))


# The rule by which each kind of fault is noted.
RULES = {
    "dropped": "missing",
    "null": "null_value",
    "extra key": "unknown_key",
    "unknown word": "enum_unknown",
    "no zone": "time_zone",
    "no time": "time_unreadable",
    "no such day": "time_unreadable",
    "too long": "too_long",
    "too small": "out_of_range",
    "too large": "out_of_range",
    "fraction": "fraction",
    "word for number": "wrong_type",
    "empty list": "empty_list",
    "too many items": "too_many",
}
for _kind in ("number", "object", "list", "flag"):
    RULES[f"{_kind} for text"] = "wrong_type"
for _kind in ("text", "flag", "object", "number", "list", "one"):
    for _place in ("number", "flag", "object", "list"):
        RULES[f"{_kind} for {_place}"] = "wrong_type"

# What the schemas refuse and this service does not notice: versions, action, fault.
GAPS = [
    # Whether these may be empty depends on whose copy of the schema is asked; chargers send them, and nothing is lost.
    ("1.6", "MeterValues", "empty list at .*"),
]

def kind_of(case):
    return case.what.split(" at ")[0]


def fills(gap, case):
    return re.fullmatch(gap[1], case.action) and re.fullmatch(gap[2], case.what)


Case = collections.namedtuple("Case", "action what payload")


def conforming(version):
    for action in actions(version):
        for what, payload in Maker(request(version, action)).conforming(SEED):
            assert faults(version, action, json.loads(text_of(payload))) == [], (action, what)
            yield Case(action, what, payload)


def broken(version):
    for action in actions(version):
        for kind, path, payload in Maker(request(version, action)).broken():
            read = json.loads(text_of(payload))
            assert not official.validator(version, action).is_valid(read), (action, kind, path)
            yield Case(action, f"{kind} at {show(path)}", payload)


async def sent(service, version, make):
    """Sends the cases, many to a connection, and gives with each what was noted about it."""
    cases = list(make(version))
    at_once, misfits = asyncio.Semaphore(32), []

    async def some(first):
        frames = []
        for number, case in enumerate(cases[first : first + 100], first):
            kind = 6 if case.action == "NotifyPeriodicEventStream" else 2
            frames.append(f'[{kind},"{number}","{case.action}",{text_of(case.payload)}]')
        async with at_once:
            answers = await talk(service, version, f"GEN-{first}", frames)
        asked = [number for number, frame in enumerate(frames, first) if frame.startswith("[2")]
        assert [(answer[0], answer[1]) for answer in answers] == [(3, str(number)) for number in asked]
        for number, (_, _, result) in zip(asked, answers):
            case = cases[number]
            found = faults(version, case.action, result, answer=True)
            misfits.extend((case.action, f"{case}: {fault}") for fault in found)

    await asyncio.gather(*(some(first) for first in range(0, len(cases), 100)))
    notes = [[] for _ in cases]
    numbers = {}
    for first in range(0, len(cases), 100):
        for frame in lines(service, f"/api/v1/chargers/GEN-{first}/frames?format=ndjson"):
            numbers[frame["id"]] = json.loads(frame["text"])[1]
    for noted in lines(service, "/api/v1/deviations?format=ndjson"):
        notes[int(numbers[noted["frame_id"]])].append((noted["rule"], noted["path"], noted["found"]))
    return cases, notes, misfits


def lines(service, path):
    status, body = service.get(path)
    assert status == 200, (path, status, body)
    return [json.loads(line) for line in body.split("\n") if line]


def report(wrong):
    return f"{len(wrong)}:\n" + "\n".join(wrong)
