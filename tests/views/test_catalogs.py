"""The published catalog as TMF620 and TMF633 show it."""

import pytest

from domain.catalog import Catalog
from projections import catalogs
from projections.view import Document
from schemas.catalog import load_catalog
from tests.wire.tmf import faults


@pytest.fixture(scope="module")
def sample() -> Catalog:
    return load_catalog("sample")


def by_id(documents: list[Document]) -> dict[str, Document]:
    return {each["id"]: each for each in documents}


def test_every_document_is_valid_for_its_specification(sample: Catalog) -> None:
    made = {
        "ProductOffering": catalogs.product_offerings(sample),
        "ProductSpecification": catalogs.product_specifications(sample),
        "ServiceSpecification": catalogs.service_specifications(sample),
        "Catalog": catalogs.catalogs(sample),
        "Category": catalogs.categories(sample),
    }
    for resource, documents in made.items():
        assert documents
        for document in documents:
            assert faults(resource, document) == [], document["id"]


def test_what_can_be_ordered_on_its_own_is_sellable(sample: Catalog) -> None:
    sellable = {each["id"] for each in catalogs.product_offerings(sample) if each["isSellable"]}
    assert sellable == {"fibre-broadband", "voice-line", "tv", "triple-play", "mobile-line", "business-ethernet", "hosted-pbx"}


def test_bundles_name_their_parts_and_how_many(sample: Catalog) -> None:
    offerings = by_id(catalogs.product_offerings(sample))
    assert [each["id"] for each in offerings["triple-play"]["bundledProductOffering"]] == ["fibre-broadband", "voice-line", "tv"]
    (mesh,) = offerings["fibre-broadband"]["bundledProductOffering"]
    assert mesh["bundledProductOfferingOption"] == {
        "numberRelOfferLowerLimit": 0,
        "numberRelOfferUpperLimit": 4,
        "numberRelOfferDefault": 0,
    }


@pytest.mark.parametrize(
    ("offering", "prices"),
    [
        (
            "fibre-broadband",
            {
                "broadband-monthly-100": 30,
                "broadband-monthly-500": 40,
                "broadband-monthly-1000": 60,
                "broadband-installation": 50,
                "static-ip-monthly": 5,
            },
        ),
        ("tv", {"tv-monthly-basic": 12, "tv-monthly-family": 20, "tv-monthly-sport": 35, "set-top-box-monthly": 4}),
        ("hosted-pbx", {"seats-monthly-1": 8, "seats-monthly-50": 7, "seats-monthly-200": 6}),
    ],
)
def test_a_price_that_depends_on_a_value_is_shown_for_each_value(sample: Catalog, offering: str, prices: dict[str, float]) -> None:
    document = by_id(catalogs.product_offerings(sample))[offering]
    assert {each["id"]: each["price"]["dutyFreeAmount"]["value"] for each in document["productOfferingPrice"]} == prices
    assert {each["price"]["dutyFreeAmount"]["unit"] for each in document["productOfferingPrice"]} == {"EUR"}


@pytest.mark.parametrize(
    ("offering", "price", "sentence"),
    [
        ("fibre-broadband", "static-ip-monthly", "When staticIp = true."),
        ("tv", "set-top-box-monthly", "For each of setTopBoxes."),
        ("business-ethernet", "ethernet-monthly", "For each of bandwidth / 100."),
        ("hosted-pbx", "seats-monthly-50", "From 50. For each of seats."),
    ],
)
def test_the_rules_of_a_price_are_sentences(sample: Catalog, offering: str, price: str, sentence: str) -> None:
    assert by_id(by_id(catalogs.product_offerings(sample))[offering]["productOfferingPrice"])[price]["description"] == sentence


def test_a_discount_is_an_alteration(sample: Catalog) -> None:
    (price,) = by_id(catalogs.product_offerings(sample))["triple-play"]["productOfferingPrice"]
    assert price["priceAlteration"][0]["price"] == {"percentage": -10}


def test_characteristics_say_what_they_may_be(sample: Catalog) -> None:
    specifications = by_id(catalogs.product_specifications(sample))
    values = {each["name"]: each for each in specifications["fibre-broadband"]["productSpecCharacteristic"]}
    assert [(each["value"], each["isDefault"]) for each in values["downstream"]["productSpecCharacteristicValue"]] == [
        (100, False),
        (500, True),
        (1000, False),
    ]
    (bandwidth, *_) = specifications["business-ethernet"]["productSpecCharacteristic"]
    assert (bandwidth["name"], bandwidth["minCardinality"]) == ("bandwidth", 1)
    assert (
        bandwidth["productSpecCharacteristicValue"][0] | {"valueFrom": 100, "valueTo": 10000}
        == bandwidth["productSpecCharacteristicValue"][0]
    )


def test_services_say_what_they_need(sample: Catalog) -> None:
    services = by_id(catalogs.service_specifications(sample))
    access = services["access-line"]
    assert access["@type"] == "CustomerFacingServiceSpecification"
    assert [each["id"] for each in access["serviceSpecRelationship"]] == ["gpon-port"]
    assert services["gpon-port"]["@type"] == "ResourceFacingServiceSpecification"
