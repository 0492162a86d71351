"""The install base as TMF637 shows it: what each customer holds, what realises it, and the order items that made it so."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.product import (
    PENDING_ACTIVE,
    PENDING_TERMINATE,
    TERMINATED,
    ProductAbandoned,
    ProductActivated,
    ProductAmended,
    ProductChangeAbandoned,
    ProductChanged,
    ProductChangeOrdered,
    ProductOrdered,
    ProductTerminated,
    ProductTerminationOrdered,
)
from domain.product_loading import LIVE, ProductCorrected, ProductLoaded, ProductRealised, ProductStatusCorrected
from domain.recorded import Recorded
from projections.references import characteristics, customer_party, href, patched, placed, places, present, reference, resource
from projections.view import Column, Document, View

EVENTS = (
    ProductOrdered,
    ProductActivated,
    ProductChangeOrdered,
    ProductChanged,
    ProductTerminationOrdered,
    ProductTerminated,
    ProductAbandoned,
    ProductChangeAbandoned,
    ProductLoaded,
    ProductRealised,
    ProductCorrected,
    ProductStatusCorrected,
    ProductAmended,
)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    if isinstance(event, ProductOrdered):
        return _begun(key, event, recorded.meta.time)
    if isinstance(event, ProductLoaded):
        return _loaded(key, event)
    if document is None:
        return None
    match event:
        case ProductActivated():
            return _active(document, event)
        case ProductChanged():
            return _changed(document, event)
        case ProductChangeOrdered():
            return _ordered(document, event.order, event.item, "modify")
        case ProductTerminationOrdered():
            return {**_ordered(document, event.order, event.item, "delete"), "status": PENDING_TERMINATE}
        case ProductAmended():
            return _amended(document, event)
        case ProductTerminated():
            return {**document, "status": TERMINATED, "terminationDate": event.at}
        case ProductAbandoned():
            return {**document, "status": event.status}
        case ProductChangeAbandoned() if document["status"] == PENDING_TERMINATE:
            return {**document, "status": event.status}
        case ProductRealised():
            return {**document, **_resting_on(event.services)}
        case ProductCorrected():
            return _corrected(document, event)
        case ProductStatusCorrected():
            return _in_status(document, event.status, event.at)
    return document


def _begun(id: str, event: ProductOrdered, time: datetime) -> Document:
    specification = {"productSpecification": reference("ProductSpecification", event.specification)} if event.specification else {}
    return {
        **resource("Product", id),
        **present(externalId=event.external),
        "name": event.offering,
        "status": PENDING_ACTIVE,
        "orderDate": time,
        "productOffering": reference("ProductOffering", event.offering),
        **specification,
        "productCharacteristic": characteristics(event.values),
        **present(place=places(event.places), productTerm=list(event.term)),
        **_bought(event.bought),
        **_bundle(event.bundles),
        **customer_party(event.customer),
        "productOrderItem": [_order_item(event.order, event.item, "add")],
        "realizingService": [],
    }


def _loaded(id: str, event: ProductLoaded) -> Document:
    """What was sent beyond what is decided on is shown as it was sent."""
    document = {
        **event.said,
        **resource("Product", id),
        "name": event.said.get("name") or event.offering or event.external,
        **present(externalId=event.external, **{"@catalogVersion": event.catalog}),
        **({"productOffering": reference("ProductOffering", event.offering)} if event.offering else {}),
        **({"productSpecification": reference("ProductSpecification", event.specification)} if event.specification else {}),
        **_realised(event.values, event.services),
        **present(place=places(event.places)),
        **_bundle(event.bundles, event.said),
        **customer_party(event.customer),
    }
    return _in_status(patched(document, event.personal), event.status, event.at)


def _in_status(document: Document, status: str, at: datetime) -> Document:
    changed = {**document, "status": status}
    if status in LIVE:
        changed.setdefault("startDate", at)
    elif status == TERMINATED:
        changed["terminationDate"] = at
    return changed


def _corrected(document: Document, event: ProductCorrected) -> Document:
    changed = {**document, **_realised(event.values, event.services), **_bundle(event.bundles, document)}
    there = placed(changed, event.places)
    corrected: Document = patched(there if there is changed else {**there, **_former(document)}, {**event.said, **event.personal})
    return corrected


def _bundle(parts: Iterable[str], before: Document | None = None) -> Document:
    """The products that this one only holds together; always said, because a change may add the first and take the last. Other relations stay."""
    related = [{"relationshipType": "bundles", "product": resource("Product", part), "@type": "ProductRelationship"} for part in parts]
    others = [each for each in (before or {}).get("productRelationship") or () if each.get("relationshipType") != "bundles"]
    return {"isBundle": bool(related), "productRelationship": [*related, *others]}


def _order_item(order: str, item: str, action: str) -> Document:
    return {
        "productOrderId": order,
        "productOrderHref": href("ProductOrder", order),
        "orderItemId": item,
        "orderItemAction": action,
        "@type": "RelatedProductOrderItem",
        "@referredType": "ProductOrder",
    }


def _ordered(document: Document, order: str, item: str, action: str) -> Document:
    return {**document, "productOrderItem": [*document.get("productOrderItem", ()), _order_item(order, item, action)]}


def _amended(document: Document, event: ProductAmended) -> Document:
    """What the order wants now; values that are not yet so are told once they are."""
    values = {"productCharacteristic": characteristics(event.values)} if event.holds else {}
    return placed({**document, **values, **_bundle(event.bundles, document)}, event.places)


def _active(document: Document, event: ProductActivated) -> Document:
    """A product whose termination was taken back keeps the date it started."""
    active = {**document, **_realised(event.values, event.services), "status": event.status, **_assigned(document, event.assigned)}
    active.setdefault("startDate", event.at)
    active.pop("terminationDate", None)
    return active


def _changed(document: Document, event: ProductChanged) -> Document:
    """What a change says nothing of stays."""
    changed = {
        **document,
        **_realised(event.values, event.services),
        **_bundle(event.bundles, document),
        **_bought(event.bought),
        **_assigned(document, event.assigned),
        "status": event.status or document["status"],
    }
    if event.places is not None:
        changed = _left(changed)
    said = {"place": event.places, "productTerm": event.term}
    kept = {name: value for name, value in changed.items() if said.get(name) is None}
    return {**kept, **present(place=places(event.places or ()), productTerm=list(event.term or ()))}


def _left(document: Document) -> Document:
    """It is no longer where it was."""
    return {**document, **_former(document)}


def _former(document: Document) -> Document:
    """Every place where it has been, so that what was there can still be found."""
    return present(formerPlace=[*document.get("formerPlace", ()), *document.get("place", ())])


def _bought(bought: Mapping[str, Any]) -> Document:
    """What the line said of prices and who pays, as TMF637 names it."""
    account = bought.get("billingAccount")
    prices = [_price(each) for each in bought.get("itemPrice", ()) if "price" in each and "priceType" in each]
    return present(productPrice=prices, billingAccount={"id": account, "@referredType": "BillingAccount"} if account else None)


def _price(price: Document) -> Document:
    alterations = price.get("priceAlteration")
    kept = {name: value for name, value in price.items() if name != "priceAlteration"}
    return {**kept, "productPriceAlteration": alterations} if alterations else kept


def _assigned(document: Document, assigned: Mapping[str, Any]) -> Document:
    """What fulfilment gave it stays until it gives something else; a serial number has an attribute of its own."""
    if not assigned:
        return {}
    known = {each["name"]: each["value"] for each in document.get("assignedCharacteristic", ())}
    serial = next((str(value) for name, value in assigned.items() if _A_SERIAL.search(name)), None)
    return {"assignedCharacteristic": characteristics({**known, **assigned}), **present(productSerialNumber=serial)}


_A_SERIAL = re.compile(r"(?i)serial(_?(number|no))?$")


def _realised(values: Mapping[str, Any], services: Iterable[str]) -> Document:
    return {"productCharacteristic": characteristics(values), **_resting_on(services)}


def _resting_on(services: Iterable[str]) -> Document:
    return {"realizingService": [reference("Service", id) for id in services]}


PRODUCTS = View(
    name="products",
    generation=2,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("status", "status"),
        Column("customer", "relatedParty.id"),
        Column("offering", "productOffering.id"),
        Column("specification", "productSpecification.id"),
        Column("place", "place.id"),
        Column("former", "formerPlace.id"),
    ),
)
