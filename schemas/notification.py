"""The envelope in which TMF tells others what happened, the same on topics and to hub listeners, and what of a document may leave in public.

`timeOcurred` is spelled as TMF spells it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.record import record
from domain.recorded import Recorded

# Public readers get people, accounts and places by reference: enough to look them up, if they may.
BY_REFERENCE = frozenset({"relatedParty", "billingAccount", "place"})
LEFT_OUT = frozenset({"note", "notificationContact"})
_REFERENCE = ("id", "href", "role", "@type", "@referredType")


@record
class Notification:
    """What is told: `resource` in TMF's spelling (`ProductOrder`), `kind` (`Create`, `StateChange`…), the resource's `id` and what of it is told;
    `path` names the attributes that changed or are required; `beside` is what stands in the event next to the resource."""

    resource: str
    kind: str
    id: str
    document: dict[str, Any]
    path: str = ""
    beside: Mapping[str, Any] | None = None

    @property
    def type(self) -> str:
        """TMF's name of the event: `ProductOrderStateChangeEvent`."""
        return f"{self.resource}{self.kind}Event"


class Envelope(msgspec.Struct, rename="camel", gc=False, omit_defaults=True):
    """TMF's event, as JSON carries it. `event` holds the resource under its name (`{"productOrder": …}`)."""

    event_id: str
    event_time: Any
    event_type: str
    correlation_id: str
    domain: str
    title: str
    description: str
    priority: str
    time_ocurred: Any
    event: dict[str, Any]
    field_path: str = ""


_DOMAINS = {
    "ProductOrder": "productOrdering",
    "CancelProductOrder": "productOrdering",
    "CancelServiceOrder": "serviceOrdering",
    "ServiceOrder": "serviceOrdering",
    "WorkOrder": "workOrderManagement",
    "Product": "productInventory",
    "Service": "serviceInventory",
}
_SENTENCES = {
    "Create": "was created",
    "StateChange": "changed its state",
    "AttributeValueChange": "changed",
    "InformationRequired": "needs information",
    "Milestone": "reached a milestone",
    "JeopardyAlert": "is at another risk to be late",
    "Jeopardy": "may be late",
    "ChangeRefused": "was not changed: the change was refused",
}


def envelope(recorded: Recorded, told: Notification) -> Envelope:
    """The notification that an event of the log is."""
    meta = recorded.meta
    name = told.resource[0].lower() + told.resource[1:]
    return Envelope(
        recorded.id,
        meta.time,
        told.type,
        meta.correlation,
        _DOMAINS[told.resource],
        told.type,
        f"{told.resource} {told.id} {_SENTENCES[told.kind]}.",
        "normal",
        meta.time,
        {name: told.document, **(told.beside or {})},
        told.path,
    )


def by_reference(value: Any) -> Any:
    """The part of a document that may leave in public: no names, no notes, no contact media, at any depth."""
    if isinstance(value, dict):
        return {
            name: _referred(each) if name in BY_REFERENCE else by_reference(each)
            for name, each in value.items()
            if name not in LEFT_OUT and (name not in BY_REFERENCE or isinstance(each, dict | list))
        }
    return [by_reference(each) for each in value] if isinstance(value, list) else value


def _referred(value: Any) -> Any:
    if isinstance(value, list):
        return [_referred(each) for each in value]
    return {name: value[name] for name in _REFERENCE if name in value} if isinstance(value, dict) else None
