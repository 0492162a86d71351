"""What whoever runs Crossconnect asks it: is it alive, is it ready, and how is it doing."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from adapters import telemetry
from adapters.read_models.port import ReadModelsUnavailable
from api.http import openapi
from api.http.context import context_of
from api.http.messages import json_response
from api.wiring import System
from projections.obligations import OBLIGATIONS

TITLE = "Operations"
HEALTH: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": ["pass", "fail"]},
        "problems": {"type": "object", "description": "What is wrong, by part.", "additionalProperties": {"type": "string"}},
    },
}


def add_operations(router: APIRouter) -> None:
    """/healthz, /readyz, /metrics."""
    alive = {200: openapi.answer("The process answers.", HEALTH)}
    ready = {200: openapi.answer("Orders can be taken.", HEALTH), 503: openapi.answer("Not now, and why.", HEALTH)}
    metrics = {200: openapi.answer("Prometheus text.", {"type": "string"}, media_type="text/plain")}
    router.add_api_route("/healthz", healthz, methods=["GET"], **openapi.operation(TITLE, "Is it alive?", "healthz", alive))
    router.add_api_route("/readyz", readyz, methods=["GET"], **openapi.operation(TITLE, "Is it ready?", "readyz", ready))
    router.add_api_route("/metrics", show_metrics, methods=["GET"], **openapi.operation(TITLE, "Metrics", "metrics", metrics))


async def healthz(request: Request) -> Response:
    """Alive: this process answers. Whether it can work is what readyz tells."""
    return json_response({"status": "pass"})


async def readyz(request: Request) -> Response:
    """Ready: the log can be written, consumers move, relay and views are not behind."""
    context = context_of(request)
    problems = await context.run(context.system.health)
    if problems:
        return json_response({"status": "fail", "problems": problems}, 503, {"Cache-Control": "no-store"})
    return json_response({"status": "pass"}, 200, {"Cache-Control": "no-store"})


async def show_metrics(request: Request) -> Response:
    """Everything that is counted; what can only be looked up is looked up now."""
    context = context_of(request)
    await context.run(measure, context.system)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def measure(system: System) -> None:
    """Set the gauges of the views."""
    telemetry.PROJECTION_LAG.set(system.projector.lag_seconds())
    try:
        telemetry.OPEN_OBLIGATIONS.set(system.read_models.select(OBLIGATIONS, limit=0).total)
    except ReadModelsUnavailable:
        telemetry.OPEN_OBLIGATIONS.set(float("nan"))
