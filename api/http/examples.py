"""Bodies that work on the sample catalog: what the documentation shows is what the tests send."""

from typing import Any

CUSTOMER = {"id": "cust-1", "name": "Ada Lovelace", "role": "customer", "@type": "RelatedParty", "@referredType": "Customer"}
SITE = {"id": "site-1", "role": "installation", "@type": "RelatedPlaceRefOrValue", "@referredType": "GeographicSite"}

MOBILE_LINE: dict[str, Any] = {
    "externalId": "web-1001",
    "relatedParty": [CUSTOMER],
    "productOrderItem": [
        {
            "id": "1",
            "action": "add",
            "productOffering": {"id": "mobile-line"},
            "product": {"productCharacteristic": [{"name": "simType", "value": "esim"}]},
        }
    ],
}
MISSING_INFORMATION: dict[str, Any] = {
    "productOrderItem": [
        {
            "id": "1",
            "product": {
                "productCharacteristic": [
                    {"name": "numberPorting", "value": True},
                    {"name": "portingNumber", "value": "+44 20 7946 0000"},
                ]
            },
        }
    ]
}
CANCEL_ORDER: dict[str, Any] = {"cancellationReason": "The customer changed their mind", "productOrder": {"id": "po-…"}}
AMENDMENT: dict[str, Any] = {
    "productOrderItem": [{"id": "1", "product": {"productCharacteristic": [{"name": "simType", "value": "physical"}]}}],
}
HOME_INTERNET: dict[str, Any] = {
    "externalId": "soms-1001",
    "relatedParty": [CUSTOMER],
    "serviceOrderItem": [
        {
            "id": "1",
            "action": "add",
            "service": {
                "serviceSpecification": {"id": "internet-access"},
                "serviceCharacteristic": [{"name": "downstream", "value": 500}, {"name": "upstream", "value": 250}],
                "place": [SITE],
            },
        }
    ],
}
CANCEL_SERVICES: dict[str, Any] = {"cancellationReason": "The customer changed their mind", "serviceOrder": {"id": "sr-…"}}
ACTION: dict[str, Any] = {"action": "retry", "item": "1", "reason": "The port has been freed"}
BULK_ACTION: dict[str, Any] = {"action": "retry", "filter": {"reason.code": "no-port"}, "reason": "Ports were added", "dryRun": True}
TARGET_ACTION: dict[str, Any] = {"action": "offline", "reason": "A new release is being installed"}
DEAD_LETTER_ACTION: dict[str, Any] = {
    "action": "redrive",
    "filter": {"topic": "crossconnect.activation.results.v1"},
    "reason": "The orders are here now",
    "dryRun": True,
}

PRODUCT: dict[str, Any] = {
    "externalId": "legacy-4711",
    "@catalogVersion": "1.0",
    "status": "active",
    "startDate": "2021-03-01T00:00:00Z",
    "productOffering": {"id": "mobile-line"},
    "productCharacteristic": [{"name": "simType", "value": "physical"}],
    "relatedParty": [CUSTOMER],
    "place": [SITE],
}
PRODUCT_CORRECTION: dict[str, Any] = {"productCharacteristic": [{"name": "simType", "value": "esim"}]}
SERVICE: dict[str, Any] = {
    "externalId": "port-4711",
    "state": "active",
    "startDate": "2021-03-01T00:00:00Z",
    "serviceSpecification": {"id": "gpon-port"},
    "serviceCharacteristic": [{"name": "downstream", "value": 500}],
    "relatedParty": [CUSTOMER],
    "place": [SITE],
}
SERVICE_CORRECTION: dict[str, Any] = {"serviceCharacteristic": [{"name": "downstream", "value": 1000}]}
