"""`serve`: one process with API, engine, relay, inbox, timers and projections, until it is told to stop."""

import os
import signal
import socket
import sys
from typing import Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import ALL, with_settings
from api.cli.whereabouts import FILE, announced, whereabouts
from api.settings import Settings, url_of


@with_settings(*ALL)
def serve(
    settings: Settings,
    accept_history_fork: Annotated[
        bool, typer.Option("--accept-history-fork", help="go on though Kafka is ahead of a restored store")
    ] = False,
) -> None:
    """Run the engine with its API until stopped."""
    # The address is taken first: a second server on it ends before it touches the store.
    with _listening(settings) as listener:
        asked_to_stop = _stop_signals()
        from adapters.telemetry import configure_logging
        from api.wiring import build

        configure_logging(settings.log_format)
        system = build(settings, accept_history_fork)
        try:
            system.start()
            url = url_of(settings.host, listener.getsockname()[1])
            with announced(settings.store, url):
                _answer_requests(system, listener, url, asked_to_stop)
        finally:
            _close(system)


def _close(system: Any) -> None:
    """A store that was removed under the server is one sentence, whatever came of closing what is not there. Raises Failed."""
    path = system.settings.store.removeprefix(FILE)
    removed = path != system.settings.store and not os.path.exists(path)
    try:
        system.close()
    except Exception:
        if not removed:
            raise
    if removed:
        raise Failed(f"The store {path} was removed while the server ran: what it held is lost.")


def _listening(settings: Settings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Bound alone does not keep another process away that also wants to listen; nobody is answered before the system runs.
        listener.listen(2048)
    except OSError as error:
        at = whereabouts(settings.store)
        there = f" The server of this store is at {at}." if at else ""
        raise Failed(f"Cannot listen on {host}:{port}: {(error.strerror or str(error)).lower()}.{there}") from None
    return listener


def _stop_signals() -> list[int]:
    """SIGTERM and SIGINT stop in good order, whenever they come: the list has those that came. (While it answers, uvicorn has its own handlers; it
    raises what it caught again afterwards, for these.)"""
    came: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, frame: came.append(caught))
    return came


def _answer_requests(system: Any, listener: socket.socket, url: str, asked_to_stop: list[int]) -> None:
    from api.app import create_app
    from api.server import Server

    app = create_app(system)
    server = Server(app, app.state.context.end_streams)
    _greet(system.settings, url)
    if not asked_to_stop:  # from here on uvicorn hears the signals
        server.run(sockets=[listener])


def _greet(settings: Settings, url: str) -> None:
    import structlog

    if settings.auth == "none-anywhere":
        print("Warning: --auth none-anywhere lets everybody in who can reach this address.", file=sys.stderr)
    if settings.log_format == "console":
        print(f"Crossconnect is at {url} (console {url}/console, calls {url}/docs). Stop it with Ctrl-C.", file=sys.stderr)
    else:
        structlog.get_logger().info("listening", url=url)
