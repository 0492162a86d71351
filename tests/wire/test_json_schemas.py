"""The JSON Schemas beside the code are those of the code."""

import json

import pytest
from jsonschema import Draft202012Validator

from schemas.generate import FOLDER, MESSAGES, rendered


@pytest.mark.parametrize("name", MESSAGES)
def test_every_schema_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == rendered(name), "run: python -m schemas.generate"


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
