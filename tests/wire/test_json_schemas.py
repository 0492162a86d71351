"""The JSON Schemas beside the code are those of the code, and none of them breaks who reads or writes its message."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.compatibility import breaks
from schemas.generate import FOLDER, LEADS, MESSAGES, broken, json_schema, main, rendered


@pytest.mark.parametrize("name", MESSAGES)
def test_every_schema_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == rendered(name), "run: python -m schemas.generate"


@pytest.mark.parametrize("name", MESSAGES)
def test_no_message_has_changed_so_that_others_notice(name: str) -> None:
    assert broken(name) == [], "give the message a new major version"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(rendered(name)))


def test_a_schema_refuses_what_the_reader_refuses() -> None:
    validator = Draft202012Validator(json.loads(rendered("activation-result.v1")))
    assert validator.is_valid({"activationKey": "k", "outcome": "completed", "more": 1})
    assert not validator.is_valid({"activationKey": "k", "outcome": "done"})
    assert not validator.is_valid({"outcome": "completed"})


# The check itself, on messages that change -------------------------------------------------------------------------------------------
def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": ["key"]}


BEFORE = schema(
    key={"type": "string", "minLength": 1},
    outcome={"enum": ["completed", "failed"], "type": "string"},
    attempt={"type": "integer"},
    at={"anyOf": [{"type": "string"}, {"type": "null"}]},
    values={"type": "array", "items": {"$ref": "#/$defs/Value"}},
) | {"$defs": {"Value": {"type": "object", "properties": {"name": {"type": "string"}, "parts": {"items": {"$ref": "#/$defs/Value"}}}}}}


def changed(path: str, *value: Any) -> dict[str, Any]:
    """The message with another schema at a path, or none there."""
    now: Any = deepcopy(BEFORE)
    *way, last = path.split("/")
    place = now
    for step in way:
        place = place[step]
    if value:
        place[last] = value[0]
    else:
        del place[last]
    return dict(now)


@pytest.mark.parametrize(
    ("now", "inward", "outward"),
    [
        (BEFORE, [], []),
        (changed("properties/attempt"), ["attempt is gone"], ["attempt is gone"]),
        (changed("$defs/Value/properties/name"), ["values[].name is gone"], ["values[].name is gone"]),
        (changed("properties/more", {"type": "string"}), [], []),
        (changed("required", ["key", "outcome"]), ["outcome is mandatory now"], []),
        (changed("required", []), [], ["key may be missing now"]),
        (changed("properties/attempt/type", "string"), ["attempt is string, it was integer"], ["attempt is string, it was integer"]),
        (changed("properties/attempt/type", "number"), [], ["attempt is number, it was integer"]),
        (changed("properties/attempt", {}), [], ["attempt is anything, it was integer"]),
        (changed("properties/at/anyOf", [{"type": "string"}]), ["at is string, it was null or string"], []),
        (
            changed("properties/outcome/enum", ["completed"]),
            ["outcome has other values: completed; they were completed, failed"],
            [],
        ),
        (
            changed("properties/outcome/enum", ["completed", "failed", "refused"]),
            [],
            ["outcome has other values: completed, failed, refused; they were completed, failed"],
        ),
        (changed("properties/key/minLength", 2), ["key has another minLength: 2, it was 1"], []),
        (changed("properties/key/minLength"), [], ["key has another minLength: none, it was 1"]),
        (changed("properties/attempt/maximum", 9), ["attempt has another maximum: 9, it was none"], []),
        (
            changed("properties/values/items", {"type": "string"}),
            ["values[] is string, it was object"],
            ["values[] is string, it was object"],
        ),
    ],
)
def test_what_others_would_notice_is_found(now: dict[str, Any], inward: list[str], outward: list[str]) -> None:
    assert (breaks(BEFORE, now, "in"), breaks(BEFORE, now, "out")) == (inward, outward)


def test_it_is_known_of_every_message_whether_it_is_read_or_written() -> None:
    assert LEADS.keys() == MESSAGES.keys()


def test_a_schema_that_breaks_others_is_not_written(tmp_path: Path) -> None:
    name = "activation-result.v1"
    released = json_schema(name)
    released["properties"]["operator"] = {"type": "string"}
    (tmp_path / f"{name}.json").write_text(json.dumps(released))
    with pytest.raises(SystemExit, match=r"activation-result\.v1: operator is gone\n"):
        main(folder=tmp_path)
    assert json.loads((tmp_path / f"{name}.json").read_text()) == released
    assert (tmp_path / "notification.v1.json").read_text() == rendered("notification.v1")
    main(again=True, folder=tmp_path)
    assert (tmp_path / f"{name}.json").read_text() == rendered(name)
