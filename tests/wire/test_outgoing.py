"""Messages that leave: their values, their headers, and what they never say."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from jsonschema import Draft202012Validator

from adapters import notifications, outgoing
from adapters.event_log.codec import Codec
from adapters.event_log.port import Row
from adapters.topics.port import Outgoing
from domain.events import EVENTS
from domain.intake import DeadLettered
from domain.recorded import Meta, Recorded
from schemas.generate import FOLDER, MESSAGES
from schemas.topics import MANIFEST
from tests.decisions.world import ask
from tests.views.story import BEGINNING, Story, item, order, service_order
from tests.wire.histories import everything, nowhere, troubles
from tests.wire.tmf import faults

EVENT_TOPICS = [outgoing.notification_topic(resource) for resource in notifications.STREAMS]


def messages(topic: str, log: tuple[Recorded, ...] | list[Recorded]) -> list[Outgoing]:
    """Everything a topic carries of a history."""
    return [
        message for recorded in log if isinstance(recorded.event, outgoing.EVENTS[topic]) for message in outgoing.render(topic, recorded)
    ]


def headers(message: Outgoing) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers}


def value(message: Outgoing) -> Any:
    return json.loads(message.value)


# Requests -----------------------------------------------------------------------------------------------------------------------------
def test_an_activation_request_is_the_contracts() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line")))
    (message,) = messages(outgoing.ACTIVATION_REQUESTS, story.log)
    service = value(message)["service"]
    assert value(message) == {
        "activationKey": "so-1-1.2.activate.add.1",
        "attempt": 1,
        "action": "add",
        "task": "activate",
        "targetSystem": "hlr",
        "service": {
            "id": service["id"],
            "@type": "Service",
            "category": "RFS",
            "name": service["name"],
            "serviceSpecification": {"id": "hlr-subscription", "version": "1.0"},
            "serviceCharacteristic": service["serviceCharacteristic"],
            "place": service["place"],
            "supportingService": [],
        },
        "serviceOrder": {"id": "so-1-1", "itemId": "2"},
        "productOrder": {"id": "po-1", "itemId": "1"},
        "requestedStartDate": "2026-11-22T09:00:00Z",
        "answerBy": "2026-11-22T09:15:00Z",
    }
    assert message.key == "cust-1"
    assert headers(message) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_source": "/crossconnect",
        "ce_id": f"so-1-1:{message_of(story, message).version}",
        "ce_type": "crossconnect.activation.request.v1",
        "ce_time": "2026-11-22T09:00:00Z",
        "ce_subject": "so-1-1",
        "ce_correlationid": "message-1",
        "ce_causationid": "message-1",
        "ce_sequence": str(message.sequence),
        "ce_streamversion": str(message_of(story, message).version),
        "ce_dataschema": "/schemas/activation-request.v1.json",
        "targetSystem": "hlr",
    }


def message_of(story: Story, message: Outgoing) -> Recorded:
    """The event that a message renders."""
    return story.log[message.sequence - 1]


def test_a_retry_keeps_its_key_and_counts_on() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).time_out("1.2.activate")
    asked = [(value(each)["activationKey"], value(each)["attempt"]) for each in messages(outgoing.ACTIVATION_REQUESTS, story.log)]
    assert asked == [("so-1-1.2.activate.add.1", 1), ("so-1-1.2.activate.add.1", 2)]


def test_a_work_order_request_is_the_contracts() -> None:
    (first, *_) = messages(outgoing.WORK_ORDER_REQUESTS, everything())
    assert set(value(first)) == {"workOrderKey", "targetSystem", "action", "workOrder", "productOrder", "answerBy"}
    assert (value(first)["workOrderKey"], value(first)["action"]) == ("wo-1-1.1", "create")
    about = headers(first)
    assert (about["ce_type"], about["ce_subject"], about["targetSystem"]) == (
        "crossconnect.work-order.request.v1",
        "wo-1-1",
        "field-service",
    )


# Every message ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("topic", [topic for topic in outgoing.EVENTS if topic != outgoing.DEAD_LETTERS])
def test_every_message_is_a_cloud_event_for_others_too(topic: str) -> None:
    found = messages(topic, everything())
    assert found
    for message in found:
        about = dict(message.headers)
        event = from_binary_event(KafkaMessage(headers=about, key=message.key.encode(), value=message.value))
        assert event.get_time() is not None
        assert event.get_data() == value(message)


def hollow(value: Any, path: str = "$") -> list[str]:
    """Where a message says null, or an id that is none. (The content of events of the log is not TMF's.)"""
    if isinstance(value, dict):
        found = [f"{path}.{name}" for name, each in value.items() if each is None or (name == "id" and not each)]
        return found + [place for name, each in value.items() for place in hollow(each, f"{path}.{name}")]
    return [place for n, each in enumerate(value) for place in hollow(each, f"{path}[{n}]")] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "topic", [topic for topic in outgoing.EVENTS if topic not in (outgoing.DEAD_LETTERS, outgoing.DOMAIN_EVENTS_TOPIC)]
)
def test_no_message_says_that_it_does_not_know(topic: str) -> None:
    for message in (*messages(topic, everything()), *messages(topic, nowhere().log)):
        assert hollow(value(message)) == []


def test_a_visit_to_nowhere_names_no_place() -> None:
    story = nowhere()
    assert all("place" not in value(each)["workOrder"] for each in messages(outgoing.WORK_ORDER_REQUESTS, story.log))
    assert [each["event"]["workOrder"] for each in told("work-order", story.log) if "place" in each["event"]["workOrder"]] == []


@pytest.mark.parametrize("topic", [topic for topic in outgoing.EVENTS if topic != outgoing.DEAD_LETTERS])
def test_no_two_messages_have_one_id(topic: str) -> None:
    found = messages(topic, troubles().log)
    assert len({headers(message)["ce_id"] for message in found}) == len(found) > 0


@pytest.mark.parametrize("topic", [topic for topic in outgoing.EVENTS if topic != outgoing.DEAD_LETTERS])
def test_every_message_has_the_schema_that_it_names(topic: str) -> None:
    named = {headers(message)["ce_dataschema"] for message in messages(topic, everything())}
    (schema,) = named
    validator = Draft202012Validator(json.loads((FOLDER / schema.removeprefix("/schemas/")).read_text()))
    for message in messages(topic, everything()):
        assert [error.message for error in validator.iter_errors(value(message))] == []
        MESSAGES[schema.removeprefix("/schemas/").removesuffix(".json")].validate_json(message.value)


def test_the_manifest_and_the_rendered_topics_are_the_same() -> None:
    assert {topic.name for topic in MANIFEST if topic.leads == "out"} == set(outgoing.EVENTS)


@pytest.mark.parametrize("topic", outgoing.EVENTS)
def test_an_event_is_at_most_one_message_of_a_topic(topic: str) -> None:
    for recorded in everything():
        if isinstance(recorded.event, outgoing.EVENTS[topic]):
            assert len(outgoing.render(topic, recorded)) <= 1


def test_what_is_read_from_the_log_renders_as_what_was_just_decided() -> None:
    codec = Codec(EVENTS)
    for recorded in everything():
        stored = codec.encode(recorded.event, codec.encode_meta(recorded.meta))
        read = codec.decode(Row(recorded.position, recorded.stream, recorded.version, codec.topic(recorded.event), stored))
        for topic, events in outgoing.EVENTS.items():
            if isinstance(recorded.event, events):
                assert outgoing.render(topic, read) == outgoing.render(topic, recorded)


# Notifications ------------------------------------------------------------------------------------------------------------------------
def told(resource: str, log: tuple[Recorded, ...] | list[Recorded]) -> list[Any]:
    return [value(message) for message in messages(outgoing.notification_topic(resource), log)]


def test_a_created_order_is_told_whole() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"), externalId="x-1"))
    first = told("product-order", story.log)[0]
    assert {name: first[name] for name in ("eventId", "eventTime", "timeOcurred", "eventType", "correlationId", "domain")} == {
        "eventId": "po-1:1",
        "eventTime": "2026-11-22T09:00:00Z",
        "timeOcurred": "2026-11-22T09:00:00Z",
        "eventType": "ProductOrderCreateEvent",
        "correlationId": "message-1",
        "domain": "productOrdering",
    }
    created = first["event"]["productOrder"]
    assert (created["externalId"], created["state"]) == ("x-1", "acknowledged")
    assert faults("ProductOrder", created) == []


def test_a_state_change_is_id_address_state_and_item_states() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    last = told("product-order", story.log)[-1]
    assert last["eventType"] == "ProductOrderStateChangeEvent"
    assert last["event"]["productOrder"] == {
        "id": "po-1",
        "href": "/tmf-api/productOrderingManagement/v4/productOrder/po-1",
        "@type": "ProductOrder",
        "state": "completed",
        "productOrderItem": [{"id": "1", "state": "completed"}],
    }


def test_a_rejected_order_is_told_with_its_reasons() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line", simType="paper")), keep_refusal=True)
    (only,) = told("product-order", story.log)
    assert only["eventType"] == "ProductOrderStateChangeEvent"
    assert only["event"]["productOrder"]["state"] == "rejected"
    assert "simType" in only["event"]["productOrder"]["productOrderErrorMessage"][0]["message"]


def test_a_cancel_is_told_whatever_came_of_it() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).cancel("po-1")
    accepted = told("product-order", story.log)[-1]
    assert (accepted["eventType"], accepted["event"]["productOrder"]["state"]) == ("ProductOrderStateChangeEvent", "pendingCancellation")
    story = Story().submit("po-1", order(item("1", "business-ethernet", bandwidth=100))).finish_until_point_of_no_return().cancel("po-1")
    denied = told("product-order", story.log)[-1]
    assert denied["eventType"] == "CancelProductOrderStateChangeEvent"
    assert denied["event"]["cancelProductOrder"]["errorMessage"][0]["code"] == "point-of-no-return"
    refused = told("product-order", story.refuse_cancel("po-1", "It is late.", "cancel-2").log)[-1]
    assert (refused["eventType"], refused["event"]["cancelProductOrder"]["state"]) == (
        "CancelProductOrderStateChangeEvent",
        "terminatedWithError",
    )


def test_missing_information_names_its_paths() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet")))
    (asked,) = [each for each in told("product-order", story.log) if each["eventType"] == "ProductOrderInformationRequiredEvent"]
    path = "productOrderItem[0].product.productCharacteristic[bandwidth]"
    assert asked["fieldPath"] == path
    assert asked["event"]["informationRequired"] == {"op": "add", "path": path}
    assert asked["event"]["productOrder"]["productOrderItem"] == [{"id": "1"}]


def test_an_item_that_stopped_says_why() -> None:
    orders = [each for each in told("service-order", everything()) if "serviceOrder" in each["event"]]
    kinds = [(each["eventType"], each["event"]["serviceOrder"].get("errorMessage")) for each in orders]
    (reason, *_) = [errors[0]["reason"] for kind, errors in kinds if kind == "ServiceOrderStateChangeEvent" and errors]
    assert reason == "No SIM card left"


def test_a_service_order_from_outside_is_told_like_any_order() -> None:
    story = Story().submit_services("sr-1", service_order(ask("1", "mobile-service"))).finish()
    own = [each for each in told("service-order", story.log) if each["event"]["serviceOrder"]["id"] == "sr-1"]
    assert [(each["eventType"], each["event"]["serviceOrder"].get("state")) for each in own] == [
        ("ServiceOrderCreateEvent", "acknowledged"),
        ("ServiceOrderStateChangeEvent", "inProgress"),
        ("ServiceOrderStateChangeEvent", "completed"),
    ]
    assert told("product-order", story.log) == told("product", story.log) == []
    (asked,) = [value(each) for each in messages(outgoing.ACTIVATION_REQUESTS, story.log)]
    assert asked["serviceOrder"] == {"id": "so-sr-1-1", "itemId": "2"}
    assert asked["productOrder"] == {"id": "sr-1", "itemId": "1", "@referredType": "ServiceOrder"}


def test_a_service_order_that_is_refused_is_told_with_the_reasons() -> None:
    story = Story().submit_services("sr-1", service_order(ask("1", "warp-drive")), keep_refusal=True)
    (refused,) = told("service-order", story.log)
    assert refused["event"]["serviceOrder"]["state"] == "rejected"
    assert "warp-drive" in refused["event"]["serviceOrder"]["errorMessage"][0]["message"]


def test_products_and_services_are_told_from_their_beginning_to_their_end() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    story.submit("po-2", order(item("1", product="pr-1-1", action="delete", site=""))).finish()
    assert [(each["eventType"], each["event"]["product"]["status"]) for each in told("product", story.log)] == [
        ("ProductCreateEvent", "pendingActive"),
        ("ProductStateChangeEvent", "active"),
        ("ProductStateChangeEvent", "pendingTerminate"),
        ("ProductStateChangeEvent", "terminated"),
    ]
    states = [each["event"]["service"]["state"] for each in told("service", story.log)]
    assert sorted(set(states)) == ["active", "designed", "terminated"]


def test_an_appointment_is_told_as_a_changed_attribute() -> None:
    (change,) = [each for each in told("work-order", everything()) if each["eventType"] == "WorkOrderAttributeValueChangeEvent"]
    assert change["fieldPath"] == "appointment"
    assert set(change["event"]["workOrder"]["appointment"]["validFor"]) == {"startDateTime", "endDateTime"}


@pytest.mark.parametrize("topic", EVENT_TOPICS)
def test_public_notifications_name_nobody(topic: str) -> None:
    everything_told = b"".join(message.value for message in messages(topic, everything()))
    for word in (b"Ada", b"Lovelace", b"noon"):
        assert word not in everything_told
    assert b"cust-1" in everything_told or topic.endswith("product-order.events.v1")


def test_people_inside_items_are_told_by_reference_too() -> None:
    line = item("1", "mobile-line")
    line["product"] |= {
        "relatedParty": [{"id": "user-7", "role": "user", "name": "Grace Hopper", "email": "g@h", "@referredType": "Individual"}]
    }
    (created, *_) = told("product-order", Story().submit("po-1", order(line)).log)
    (shown,) = created["event"]["productOrder"]["productOrderItem"][0]["product"]["relatedParty"]
    assert set(shown) == {"id", "role", "@type", "@referredType"}


# The private log ----------------------------------------------------------------------------------------------------------------------
def test_a_line_of_the_log_is_the_contracts() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line")))
    lines = [value(message) for message in messages(outgoing.DOMAIN_EVENTS_TOPIC, story.log)]
    assert [line["position"] for line in lines] == list(range(1, len(story.log) + 1))
    request = next(line for line in lines if line["type"] == "ActivationRequested")
    assert request == {
        "position": request["position"],
        "id": request["id"],
        "type": "ActivationRequested",
        "time": "2026-11-22T09:00:00Z",
        "stream": "so-1-1",
        "version": int(request["id"].rpartition(":")[2]),
        "customer": "cust-1",
        "productOrder": {"id": "po-1", "itemId": "1"},
        "correlationId": "message-1",
        "causationId": "message-1",
        "data": value(messages(outgoing.ACTIVATION_REQUESTS, story.log)[0]),
    }
    assert next(line for line in lines if line["type"] == "ProductOrdered")["productOrder"] == {"id": "po-1", "itemId": "1"}


# Dead letters -------------------------------------------------------------------------------------------------------------------------
def test_a_dead_letter_leaves_as_it_came_with_the_reasons_beside_it() -> None:
    letter = DeadLettered(
        "crossconnect.activation.results.v1",
        3,
        17,
        "cust-1",
        {"ce_id": "YS0x", "ce_sequence": "OQ=="},
        "e25v",
        "It is not JSON.",
        "Unreadable",
        1,
        BEGINNING,
    )
    meta = Meta(BEGINNING + timedelta(seconds=1), "cust-1", "", "c", "c")
    (message,) = outgoing.render(outgoing.DEAD_LETTERS, Recorded(9, "dead-x-3", 1, letter, meta))
    assert (message.key, message.value, message.sequence) == ("cust-1", b"{no", 9)
    assert headers(message) == {
        "ce_id": "a-1",
        "deadletter_reason": "It is not JSON.",
        "deadletter_exception": "Unreadable",
        "deadletter_topic": "crossconnect.activation.results.v1",
        "deadletter_partition": "3",
        "deadletter_offset": "17",
        "deadletter_attempts": "1",
        "deadletter_firstseen": "2026-11-22T09:00:00+00:00",
        "deadletter_id": "dead-x-3:1",
        "ce_sequence": "9",
    }


def test_times_leave_in_utc_and_rfc_3339() -> None:
    assert msgspec.json.encode(BEGINNING) == b'"2026-11-22T09:00:00Z"'
