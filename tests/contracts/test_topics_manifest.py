"""The manifest of topics: what every reader and writer agrees on, and what brings a broker to it."""

from dataclasses import replace

from adapters import intake, outgoing
from schemas.generate import MESSAGES
from schemas.topics import MANIFEST, Held, asyncapi, plan


def test_the_manifest_names_what_is_read_and_written() -> None:
    assert {topic.name for topic in MANIFEST if topic.leads == "in"} == set(intake.INWARD)
    assert {topic.name for topic in MANIFEST if topic.leads == "out"} == set(outgoing.EVENTS)


def test_every_message_has_a_schema() -> None:
    assert {schema for topic in MANIFEST for schema in topic.messages.values()} <= set(MESSAGES)


def as_planned() -> dict[str, Held]:
    return {topic.name: Held(6, topic.config) for topic in MANIFEST}


def test_a_broker_as_planned_needs_nothing() -> None:
    assert plan(as_planned(), 6) == []


def test_a_missing_topic_is_created() -> None:
    held = as_planned()
    del held[MANIFEST[3].name]
    (change,) = plan(held, 6)
    assert (change.kind, change.topic, change.config) == ("create", MANIFEST[3].name, MANIFEST[3].config)


def test_another_partition_count_is_refused_because_it_would_move_keys() -> None:
    held = as_planned() | {MANIFEST[0].name: replace(as_planned()[MANIFEST[0].name], partitions=12)}
    (change,) = plan(held, 6)
    assert change.kind == "refuse"
    assert "has 12 partitions, not 6" in change.sentence


def test_only_the_settings_that_differ_are_changed() -> None:
    topic = MANIFEST[0]
    held = as_planned() | {topic.name: Held(6, {**topic.config, "retention.ms": "5", "segment.ms": "7"})}
    (change,) = plan(held, 6)
    assert (change.kind, change.config) == ("configure", {"retention.ms": str(topic.retention)})


def test_asyncapi_resolves_all_its_references() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {topic.name for topic in MANIFEST}
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            assert message["payload"]["$ref"].removeprefix("#/components/schemas/") in document["components"]["schemas"]
