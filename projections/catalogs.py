"""The published catalog as TMF620 and TMF633 show it: offerings, what they are made of, and the services behind them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.catalog import (
    ORDERABLE,
    Bundled,
    Catalog,
    CharacteristicSpecification,
    ProductOffering,
    ProductSpecification,
    ServiceSpecification,
    TimePeriod,
)
from domain.values import moment_of
from projections.references import present, reference, resource, versioned
from projections.view import Document

CATALOG, CATEGORY = "catalog", "offerings"


def product_offerings(catalog: Catalog) -> list[Document]:
    """TMF620 `ProductOffering` documents."""
    return [_offering(each, catalog) for each in catalog.offerings.values()]


def product_specifications(catalog: Catalog) -> list[Document]:
    """TMF620 `ProductSpecification` documents."""
    return [_product_specification(each, catalog) for each in catalog.products.values()]


def service_specifications(catalog: Catalog) -> list[Document]:
    """TMF633 `ServiceSpecification` documents."""
    return [_service_specification(each, catalog) for each in catalog.services.values()]


def catalogs(catalog: Catalog) -> list[Document]:
    """TMF620 `Catalog` documents: there is one, in its current version."""
    return [
        {
            **resource("Catalog", CATALOG),
            "name": "Catalog",
            "version": catalog.version,
            "lifecycleStatus": ORDERABLE,
            "category": [reference("Category", CATEGORY)],
        }
    ]


def categories(catalog: Catalog) -> list[Document]:
    """TMF620 `Category` documents: one, which holds every offering."""
    offerings = [{**reference("ProductOffering", each.id), "name": each.name} for each in catalog.offerings.values()]
    about = {"name": "Offerings", "isRoot": True, "version": catalog.version, "lifecycleStatus": ORDERABLE}
    return [{**resource("Category", CATEGORY), **about, "productOffering": offerings}]


# Offerings ----------------------------------------------------------------------------------------------------------------------------
def _offering(offering: ProductOffering, catalog: Catalog) -> Document:
    specification = catalog.products.get(offering.specification)
    return {
        **resource("ProductOffering", offering.id),
        "name": offering.name,
        "version": offering.version,
        "lifecycleStatus": offering.lifecycle_status,
        "isBundle": bool(offering.bundled),
        "isSellable": offering.lifecycle_status == ORDERABLE and not offering.inside,
        "category": [reference("Category", CATEGORY)],
        **present(
            productSpecification=versioned("ProductSpecification", specification.id, specification.version) if specification else None,
            bundledProductOffering=[_bundled(each, catalog) for each in (*offering.bundled, *offering.optional)],
            productOfferingRelationship=[*_relations("reliesOn", offering.relies_on), *_relations("inside", offering.inside)],
            productOfferingPrice=[each for price in offering.prices if _is_price(price) for each in _prices(price)],
            productOfferingTerm=[_term(offering.term)] if offering.term else None,
            validFor=_period(offering.valid_for),
        ),
    }


def _period(period: TimePeriod | None) -> Document | None:
    """TMF630's `TimePeriod`, in UTC."""
    if period is None:
        return None
    return present(startDateTime=moment_of(period.start_date_time), endDateTime=moment_of(period.end_date_time))


def _bundled(part: Bundled, catalog: Catalog) -> Document:
    offering = catalog.offerings[part.offering]
    limits = {
        "numberRelOfferLowerLimit": part.minimum,
        "numberRelOfferUpperLimit": part.maximum,
        "numberRelOfferDefault": part.default,
    }
    return {
        **resource("ProductOffering", part.offering),
        "@type": "BundledProductOffering",
        "name": offering.name,
        "lifecycleStatus": offering.lifecycle_status,
        "bundledProductOfferingOption": limits,
    }


def _relations(type: str, offerings: Iterable[str]) -> Iterator[Document]:
    for offering in offerings:
        yield {**reference("ProductOffering", offering), "@type": "ProductOfferingRelationship", "relationshipType": type}


def _term(term: Mapping[str, Any]) -> Document:
    months = term.get("months")
    return {"name": f"{months} months", "duration": {"amount": months, "units": "month"}} if months else {"name": str(dict(term))}


# Prices -------------------------------------------------------------------------------------------------------------------------------
def _prices(price: Mapping[str, Any]) -> Iterator[Document]:
    """A price that depends on a value is shown as one price for each value, because TMF620 prices have no rules."""
    for suffix, applies, amount in _amounts(price):
        yield {
            "id": f"{price['id']}{suffix}",
            "@type": "ProductOfferingPrice",
            "name": f"{price['id']}{suffix}",
            "priceType": price["type"],
            **present(recurringChargePeriod=price.get("period"), description=" ".join(filter(None, (applies, _per(price), _when(price))))),
            **({"price": _money(price, amount)} if amount is not None else _alteration(price)),
        }


def _is_price(price: Any) -> bool:
    """Prices are kept as they stand in the catalog; what has no name or type yet is not shown."""
    return isinstance(price, Mapping) and "id" in price and "type" in price


def _amounts(price: Mapping[str, Any]) -> Iterator[tuple[str, str, int | None]]:
    amount = price.get("amount")
    if isinstance(amount, Mapping) and "lookup" in amount:
        name = amount["lookup"].get("characteristic", "") if isinstance(amount["lookup"], Mapping) else ""
        for value, cents in amount["table"].items():
            yield f"-{value}", f"For {name} {value}.", cents
    elif price.get("tiers"):
        for tier in price["tiers"]:
            yield f"-{tier['from']}", f"From {tier['from']}.", tier["amount"]
    else:
        yield "", "", amount if isinstance(amount, int) else None


def _per(price: Mapping[str, Any]) -> str:
    per = price.get("per")
    if not isinstance(per, Mapping):
        return ""
    return f"For each of {per['characteristic']}." if "characteristic" in per else f"For each of {_formula(per)}."


def _when(price: Mapping[str, Any]) -> str:
    return f"When {_formula(price['condition'])}." if "condition" in price else ""


def _formula(data: Any) -> str:
    """A condition or expression of the catalog, for people."""
    if isinstance(data, Mapping) and len(data) == 1:
        ((operator, operands),) = data.items()
        if operator == "characteristic":
            return str(operands)
        listed = operands if isinstance(operands, list | tuple) else [operands]
        return f" {_SIGNS.get(operator, operator)} ".join(_formula(each) for each in listed)
    return str(data).lower() if isinstance(data, bool) else str(data)


_SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "multiply": "×", "divide": "/", "add": "+", "subtract": "-"}


def _money(price: Mapping[str, Any], cents: int) -> Document:
    return {"dutyFreeAmount": {"unit": price.get("currency", ""), "value": cents / 100}, "@type": "ProductPriceValue"}


def _alteration(price: Mapping[str, Any]) -> Document:
    if "percentage" not in price:
        return {}
    alteration = {"priceType": price["type"], "price": {"percentage": price["percentage"]}, "@type": "POPAlteration"}
    return {"priceAlteration": [{**alteration, **present(recurringChargePeriod=price.get("period"))}]}


# Specifications -----------------------------------------------------------------------------------------------------------------------
def _product_specification(specification: ProductSpecification, catalog: Catalog) -> Document:
    services = dict.fromkeys(child.specification for child in specification.children)
    return {
        **resource("ProductSpecification", specification.id),
        "name": specification.name,
        "version": specification.version,
        "lifecycleStatus": ORDERABLE,
        "isBundle": False,
        "productSpecCharacteristic": [
            {**_characteristic(each), "@type": "ProductSpecificationCharacteristic", "productSpecCharacteristicValue": _values(each)}
            for each in specification.characteristics
        ],
        "serviceSpecification": [versioned("ServiceSpecification", each, catalog.services[each].version) for each in services],
        **present(validFor=_period(specification.valid_for)),
    }


def _service_specification(specification: ServiceSpecification, catalog: Catalog) -> Document:
    facing = "Customer" if specification.category == "CFS" else "Resource"
    relations = [
        {
            **reference("ServiceSpecification", child.specification),
            "@type": "ServiceSpecRelationship",
            "name": catalog.services[child.specification].name,
            "relationshipType": "dependency",
            "role": child.id,
        }
        for child in specification.children
    ]
    return {
        **resource("ServiceSpecification", specification.id),
        "@type": f"{facing}FacingServiceSpecification",
        "@baseType": "ServiceSpecification",
        "name": specification.name,
        "version": specification.version,
        "lifecycleStatus": ORDERABLE,
        "isBundle": False,
        "specCharacteristic": [
            {**_characteristic(each), "@type": "CharacteristicSpecification", "characteristicValueSpecification": _values(each)}
            for each in specification.characteristics
        ],
        **present(
            serviceSpecRelationship=relations,
            resourceSpecification=[_resource_reference(each) for each in specification.resources],
            validFor=_period(specification.valid_for),
        ),
    }


def _resource_reference(id: str) -> Document:
    return {"id": id, "@type": "ResourceSpecificationRef", "@referredType": "ResourceSpecification"}


def _characteristic(specification: CharacteristicSpecification) -> Document:
    """A conditional duty cannot be said in TMF620: then the characteristic may be left out here, and the order says when it may not."""
    return {
        "id": specification.name,
        "name": specification.name,
        "valueType": specification.value_type,
        "configurable": True,
        "minCardinality": 1 if specification.mandatory is True else 0,
        "maxCardinality": 1,
    }


def _values(specification: CharacteristicSpecification) -> list[Document]:
    default = specification.default if isinstance(specification.default, str | bool | int | float) else None
    kind = specification.value_type
    values = [{"value": each, "valueType": kind, "isDefault": each == default} for each in specification.values]
    if specification.minimum is not None or specification.maximum is not None:
        limits = present(valueFrom=_whole(specification.minimum), valueTo=_whole(specification.maximum))
        values.append({"valueType": kind, "isDefault": False, "rangeInterval": "closed", **limits})
    if default is not None and default not in specification.values:
        values.append({"value": default, "valueType": kind, "isDefault": True})
    return values


def _whole(limit: float | None) -> int | None:
    """TMF620's limits are whole numbers."""
    return int(limit) if limit is not None and limit == int(limit) else None
