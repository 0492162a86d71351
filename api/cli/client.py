"""The running server as a verb calls it: TMF error bodies become sentences, and no server is an answer of its own."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from api.cli.failures import Failed

PRODUCT_ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
CANCELS = "/tmf-api/productOrderingManagement/v4/cancelProductOrder"
SERVICE_ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
WORK_ORDERS = "/tmf-api/workOrderManagement/v4/workOrder"
PRODUCTS = "/tmf-api/productInventory/v4/product"
SERVICES = "/tmf-api/serviceInventory/v4/service"
OURS = "/crossconnect/v1"

PAGE = 200


class Api:
    """Calls of one verb to the server at `url`. `operator` says who acts. Every call raises Failed."""

    def __init__(self, url: str, operator: str = "", timeout: float = 30.0, roles: str = "operator") -> None:
        self.url = url.rstrip("/")
        headers = {"X-Operator": operator, "X-Operator-Roles": roles} if operator else {}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """A resource, or one page of a list."""
        return self._call("GET", path, params=parameters).json()

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self._call("POST", path, json=body, headers=headers).json()

    def count(self, path: str, **parameters: Any) -> int:
        """How many there are of a list."""
        return int(self._call("GET", path, params={**parameters, "limit": 1}).headers["X-Total-Count"])

    def pages(self, path: str, most: int, **parameters: Any) -> Iterator[Any]:
        """The elements of a list, `most` of them at most, a page at a time."""
        offset = 0
        while offset < most:
            page = self.get(path, **parameters, offset=offset, limit=min(PAGE, most - offset))
            yield from page
            if len(page) < PAGE:
                return
            offset += len(page)

    def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **arguments)
        except httpx.TimeoutException:
            raise Failed(f"The server at {self.url} did not answer in time.") from None
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Failed(f"No Crossconnect answers at {self.url}: start one with `crossconnect serve`, or name it with --url.", 2) from None
        if response.is_success:
            return response
        raise Failed(refusal(response))


def refusal(response: httpx.Response) -> str:
    """The sentence of a TMF error body, or what else can be said."""
    try:
        body: Mapping[str, Any] = response.json()
        sentence = body.get("message") or body.get("reason") or ""
    except (ValueError, AttributeError):
        sentence = ""
    return str(sentence) or f"The server answered {response.status_code} {response.reason_phrase}."


def order_path(id: str, *rest: str) -> str:
    """A path of our own API below one order."""
    return "/".join((OURS, "orders", quote(id, safe=""), *rest))


def orders_path(order: Mapping[str, Any]) -> str:
    """Where an order lives that is to be handed in, or that has been: a service order has services, a product order products."""
    return SERVICE_ORDERS if "serviceOrderItem" in order else PRODUCT_ORDERS


def resource_path(collection: str, id: str) -> str:
    return f"{collection}/{quote(id, safe='')}"
