"""What every message says about itself: CloudEvents 1.0 headers in the binary mode of the Kafka binding, taken from the log."""

from domain.recorded import Recorded

# Who speaks; the same for every process, because the log is what the messages come from.
SOURCE = "/crossconnect"

Headers = tuple[tuple[str, bytes], ...]

_SAME_FOR_ALL: Headers = (
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_source", SOURCE.encode()),
)


def headers(recorded: Recorded, type: str, subject: str, schema: str) -> Headers:
    """The headers of a message that renders `recorded`. `type` is the message's kind with its major version, `subject` what it is about, `schema`
    names the JSON Schema of its value (schemas/json)."""
    meta = recorded.meta
    return (
        *_SAME_FOR_ALL,
        ("ce_id", recorded.id.encode()),
        ("ce_type", type.encode()),
        ("ce_time", meta.time.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", subject.encode()),
        ("ce_correlationid", meta.correlation.encode()),
        ("ce_causationid", meta.causation.encode()),
        ("ce_sequence", b"%d" % recorded.position),
        ("ce_streamversion", b"%d" % recorded.version),
        ("ce_dataschema", f"/schemas/{schema}.json".encode()),
    )
