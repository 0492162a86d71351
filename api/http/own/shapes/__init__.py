"""The shapes of our own API, for OpenAPI and for reading bodies: a module a concern."""

from api.http.own.shapes.catalogs import CATALOG, OVER_ORDERS
from api.http.own.shapes.changes import AMENDED, CHANGE_BODY, IMPACT_PLAN
from api.http.own.shapes.dead_letters import DEAD_LETTER, LETTER_ACTION_BODY, LETTER_DECISIONS
from api.http.own.shapes.install_base import INSTALL_BASE, INSTALL_BASE_ITEM, LOAD_BODY, LOADED, SOLD_PRODUCT
from api.http.own.shapes.operating import ACTION_BODY, BULK_BODY, DECISIONS, FALLOUT, OBLIGATION, TARGET_ACTION_BODY, TARGET_SYSTEM
from api.http.own.shapes.orders import EXPLANATION, LINES, PREVIEW, TREE

SHAPES = (
    CHANGE_BODY,
    IMPACT_PLAN,
    AMENDED,
    ACTION_BODY,
    BULK_BODY,
    FALLOUT,
    OBLIGATION,
    DECISIONS,
    TARGET_SYSTEM,
    TARGET_ACTION_BODY,
    DEAD_LETTER,
    LETTER_ACTION_BODY,
    LETTER_DECISIONS,
    TREE,
    EXPLANATION,
    PREVIEW,
    LINES,
    CATALOG,
    INSTALL_BASE,
    SOLD_PRODUCT,
    INSTALL_BASE_ITEM,
    LOAD_BODY,
    LOADED,
    OVER_ORDERS,
)
