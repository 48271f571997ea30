"""The official JSON schemas of OCPP, as the PyPI package `ocpp` ships them, with payloads made from them: conforming
ones, and ones that they refuse.

A place is where a schema says something: a path of keys, and 0 for the item of a list. A payload is made by asking for
places; what they need around them comes along."""

import copy
import functools
import json
import math
import pathlib
import random
import re
from datetime import datetime, timedelta, timezone

import ocpp
from jsonschema import Draft4Validator, Draft6Validator, FormatChecker

FRAMES = pathlib.Path(__file__).resolve().parents[1] / "frames"
FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def is_date_time(text):
    """RFC 3339, with a zone."""
    if not isinstance(text, str):
        return True
    if not DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time")(is_date_time)


def schema(version, name):
    folder = pathlib.Path(ocpp.__file__).parent / FOLDERS[version] / "schemas"
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else None


@functools.cache
def request(version, action):
    """The schema of a request; of a message that nobody answers, its own."""
    return (version != "1.6" and schema(version, f"{action}Request")) or schema(version, action)


@functools.cache
def validator(version, action, answer=False):
    """A validator with formats, or None where this version has no such message."""
    found = schema(version, f"{action}Response") if answer else request(version, action)
    kind = Draft4Validator if "draft-04" in (found or {}).get("$schema", "") else Draft6Validator
    return found and kind(found, format_checker=FORMATS)


def faults(version, action, payload, answer=False):
    """What the schema has against a payload."""
    found = validator(version, action, answer)
    if found is None:
        return [f"OCPP {version} has no {action}"]
    return [f"{list(error.absolute_path)}: {error.message}" for error in found.iter_errors(payload)]


def actions(version):
    """What a charger may say: there are sample frames of each."""
    return sorted(path.name for path in (FRAMES / version).iterdir() if path.is_dir() and path.name != "Unknown")


def samples(version, action="*"):
    """Action, name and text of each sample frame."""
    for path in sorted((FRAMES / version).glob(f"{action}/*.json")):
        yield path.parent.name, path.stem, path.read_text(encoding="utf-8").rstrip("\n")


# Whatever fits.
ANY = object()


class Written(str):
    """A number as it is to be written."""


def text_of(payload):
    """JSON, with numbers as they are to be written."""

    def mark(value):
        if isinstance(value, Written):
            return f"\ue000{value}\ue000"
        if isinstance(value, dict):
            return {key: mark(item) for key, item in value.items()}
        return [mark(item) for item in value] if isinstance(value, list) else value

    return re.sub('"\ue000([^"\ue000]*)\ue000"', r"\1", json.dumps(mark(payload), ensure_ascii=False))


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


class Maker:
    """Makes payloads from a schema."""

    def __init__(self, root):
        self.root = root

    def node(self, node):
        """A node with its reference followed. What stands beside a reference does not count in these drafts."""
        while "$ref" in node:
            node = self.root["definitions"][node["$ref"].rsplit("/", 1)[1]]
        return node

    def places(self, node=None, path=()):
        """Path, node and whether it is required, of everything below."""
        node = self.node(node or self.root)
        if node.get("type") == "array":
            below = [(0, node["items"], False)]
        else:
            required = node.get("required", [])
            below = [(key, item, key in required) for key, item in node.get("properties", {}).items()]
        for key, item, needed in below:
            yield path + (key,), self.node(item), needed
            yield from self.places(item, path + (key,))

    def build(self, wanted, full=False, chance=None, node=None, path=()):
        """A payload with the wanted places in it: `wanted` maps paths to values or ANY. `full`: everything, at
        its largest. `chance`: a random source decides about the rest."""
        node = self.node(node or self.root)
        value = wanted.get(path, ANY)
        if value is not ANY:
            return copy.deepcopy(value)
        asked = {place[len(path)] for place in wanted if len(place) > len(path) and place[: len(path)] == path}
        if node.get("type") == "object":
            made = {}
            for key, item in node.get("properties", {}).items():
                required = key in node.get("required", ())
                if required or full or key in asked or (chance and chance.random() < 0.4):
                    made[key] = self.build(wanted, full, chance, item, path + (key,))
            return made
        if node.get("type") == "array":
            least = max(node.get("minItems", 1), 1)
            count = min(node.get("maxItems", 2), 2) if full else least
            if chance:
                count = min(node.get("maxItems", 3), least + chance.randrange(2))
            return [self.build(wanted, full, chance, node["items"], path + (0,)) for _ in range(max(count, least))]
        return self.scalar(node, full, chance, path)

    def scalar(self, node, full, chance, path):
        if "enum" in node:
            return chance.choice(node["enum"]) if chance else node["enum"][-1 if full else 0]
        kind = node.get("type")
        if kind == "boolean":
            return chance.random() < 0.5 if chance else full
        if kind in ("integer", "number"):
            least, most = node.get("minimum", 0), node.get("maximum", 1_000_000)
            value = chance.uniform(least, most) if chance else (most if full else max(least, min(most, 1)))
            return int(value) if kind == "integer" or value == int(value) else round(value, 3)
        if node.get("format") == "date-time":
            return stamp(NOW - timedelta(seconds=chance.randrange(3600) if chance else 0))
        if path[-2:] == (0, "value") and self.root.get("title") in ("MeterValuesRequest", "StopTransactionRequest"):
            # A text in 1.6, but a number.
            return "1234.5"
        longest = node.get("maxLength", 40)
        return "x" * (longest if full else min(longest, chance.randrange(1, 20) if chance else 4))

    def conforming(self, seed, random_ones=12):
        """Why, and the payload."""
        yield "only what is required", self.build({})
        yield "everything", self.build({}, full=True)
        for path, node, required in self.places():
            if not required and path[-1] != 0:
                yield f"{show(path)} alone", self.build({path: ANY})
            for value in forms(node, "draft-04" in self.root["$schema"]):
                yield f"{show(path)} as {str(value)[:40]}", self.build({path: value})
        chance = random.Random(seed)
        for number in range(random_ones):
            yield f"random {number} of seed {seed}", self.build({}, chance=chance)

    def broken(self):
        """The kind of fault, where it is, and the payload."""
        for path, node, required in self.places():
            whole = self.build({path: ANY})
            if required:
                yield "dropped", path, without(copy.deepcopy(whole), path)
            if path[-1] != 0 and "type" in node:
                yield "null", path, self.build({path: None})
            for kind, value in faults_of(node, whole_at(whole, path)):
                yield kind, path, self.build({path: value})
            if node.get("type") == "object" and node.get("additionalProperties") is False:
                extra = dict(whole_at(whole, path), thisKeyIsNowhere="x")
                yield "extra key", path + ("thisKeyIsNowhere",), self.build({path: extra})
        yield "extra key", ("thisKeyIsNowhere",), dict(self.build({}), thisKeyIsNowhere="x")


def forms(node, draft_4):
    """Values that a node allows and that are worth a payload each."""
    kind = node.get("type")
    least, most = node.get("minimum"), node.get("maximum")
    if "enum" in node:
        return node["enum"]
    if kind == "boolean":
        return [True, False]
    if node.get("format") == "date-time":
        plain = NOW.strftime("%Y-%m-%dT%H:%M:%S")
        return [plain + tail for tail in ("Z", ".5Z", ".123Z", ".123456789Z", "+00:00", "+01:00", "-00:30")]
    if kind == "string":
        longest = node.get("maxLength", 5000)
        assert "minLength" not in node and "pattern" not in node
        # Code points count, not bytes.
        return ["y" * longest, "é" * longest, "a \" \\ / \b 中 😀"[:longest], "", "none"[: 4 * (longest >= 4)]]
    if kind not in ("integer", "number"):
        return []
    numbers = ["0", "1", "-1", "2147483647", "-2147483648"]
    # From draft 6 on, 1.0 is a whole number.
    numbers += [] if draft_4 else ["1.0"]
    numbers += ["0.5", "-12.25", "1e2", "1.5E-2", "123456789.125"] if kind == "number" else []
    numbers += [str(bound) if bound % 1 else str(int(bound)) for bound in (least, most) if bound is not None]
    least, most = (-math.inf if least is None else least), (math.inf if most is None else most)
    return [Written(text) for text in dict.fromkeys(numbers) if least <= float(text) <= most]


def faults_of(node, value):
    """Kinds of fault and values that have them."""
    kind = node.get("type")
    if "enum" in node:
        yield "unknown word", "NoSuchWordAtAll"
    if node.get("format") == "date-time":
        yield "no zone", value.rstrip("Z")
        yield "no time", "yesterday"
        yield "no such day", "2026-02-30T10:00:00Z"
    if kind == "string" and "maxLength" in node:
        yield "too long", "z" * (node["maxLength"] + 1)
    if kind == "string":
        yield "number for text", 12
        yield "object for text", {"a": 1}
        yield "list for text", [value]
        yield "flag for text", True
    if kind in ("integer", "number"):
        yield "text for number", str(value)
        yield "word for number", "many"
        yield "flag for number", True
        yield "object for number", {"a": 1}
        if "minimum" in node:
            yield "too small", Written(f"{node['minimum'] - 1:g}")
        if "maximum" in node:
            yield "too large", Written(f"{node['maximum'] + 1:g}")
    if kind == "integer":
        yield "fraction", Written("1.5")
    if kind == "boolean":
        yield "text for flag", "true"
        yield "number for flag", 1
    if kind == "array":
        yield "one for list", value[0]
        yield "text for list", "x"
        if node.get("minItems"):
            yield "empty list", []
        if "maxItems" in node:
            yield "too many items", value[:1] * (node["maxItems"] + 1)
    if kind == "object":
        yield "text for object", "x"
        yield "list for object", [value]


def show(path):
    return "".join(f"[{key}]" if key == 0 else f".{key}" for key in path).lstrip(".")


def whole_at(payload, path):
    for key in path:
        payload = payload[key]
    return payload


def without(payload, path):
    del whole_at(payload, path[:-1])[path[-1]]
    return payload
