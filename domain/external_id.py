"""The ids of products and services that came from elsewhere, each made of the id that they had there.

So the stream is the look-up (domain-rules 2.4): whoever loads the same thing again, or names it by its old id, means the same stream.
"""

import hashlib

PRODUCT, SERVICE = "pr", "svc"


def loaded_id(prefix: str, customer: str, external: str, source: str = "") -> str:
    """The id of what `source` calls `external`. Without a source the customer is one, as for orders."""
    key = "\x1f".join((customer, source, external))
    return f"{prefix}-{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def addressed(product: str, customer: str) -> str:
    """The id of a product that a customer names by our id or by its own."""
    return product if not product or product.startswith(f"{PRODUCT}-") else loaded_id(PRODUCT, customer, product)
