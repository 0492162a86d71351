"""The orders that the benchmarks place: W1 of its own catalog, and the triple play of the sample catalog without porting."""

from typing import NamedTuple

import msgspec

from adapters.topics.port import Outgoing

COMMANDS = "crossconnect.product-order.commands.v1"


class Load(NamedTuple):
    """One kind of order: the catalog to serve with, and the offerings of one order."""

    name: str
    catalog: str
    offerings: tuple[str, ...]

    def body(self, customer: str) -> bytes:
        """The order of one customer as TMF622 JSON."""
        items = [_item(str(number), offering, customer) for number, offering in enumerate(self.offerings, 1)]
        document = {
            "@type": "ProductOrder",
            "category": "residential",
            "description": f"{self.name} for {customer}",
            "relatedParty": [{"id": customer, "role": "customer", "@referredType": "Individual"}],
            "productOrderItem": items,
        }
        return msgspec.json.encode(document)

    def message(self, customer: str, timestamp: int) -> Outgoing:
        """The same as a message on the commands topic."""
        headers = (
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_source", b"/benchmark"),
            ("ce_type", b"crossconnect.product-order.submit.v1"),
            ("ce_id", customer.encode()),
        )
        return Outgoing(COMMANDS, customer, headers, self.body(customer), timestamp, 0)


def _item(id: str, offering: str, customer: str) -> dict[str, object]:
    return {
        "id": id,
        "quantity": 1,
        "action": "add",
        "productOffering": {"id": offering, "@type": "ProductOfferingRef"},
        "product": {
            "@type": "Product",
            "place": [{"id": f"site-{customer}", "role": "installation", "@referredType": "GeographicAddress"}],
        },
    }


# Takes four answers: access first, then voice, TV and the visit.
W1 = Load("W1", "schemas/catalogs/benchmark-w1.yaml", ("w1-access", "w1-voice", "w1-tv"))
W1_ANSWERS = 4
TRIPLE_PLAY = Load("triple play", "sample", ("triple-play",))
