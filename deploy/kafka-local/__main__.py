"""A real Apache Kafka on this machine without Docker: one node from jars that Maven fetches, on a loopback port, until stopped.

`python -m deploy.kafka-local [--port 9092] [--folder .run/kafka] [--memory 512m]`. Port 0 takes any free one. Needs Java 17 and, the first time, Maven.
"""

import argparse
import base64
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
JARS = HERE / "jars"
START_SECONDS = 90.0
STOP_SECONDS = 10.0
# ApiVersions, version 0, correlation id 1, no client id: the first question that a broker answers.
ARE_YOU_THERE = bytes.fromhex("0000000a 0012 0000 00000001 ffff")


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, _stop)
    _fetch_jars()
    folder = Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port, controller = _ports(options.port)
    _configure(folder, port, controller)
    _format(folder)
    broker = _java(folder, ["kafka.Kafka", str(folder / "server.properties")], options.memory, subprocess.Popen)
    (folder / "kafka.pid").write_text(str(broker.pid))
    try:
        _await(broker, port)
        print(f"Kafka listens on 127.0.0.1:{port}", flush=True)  # noqa: T201
        return int(broker.wait())
    except KeyboardInterrupt:
        return 0
    finally:
        _end(broker)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka-local", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=9092, help="the port on 127.0.0.1; 0 for any free one (default 9092)")
    parser.add_argument("--folder", default=".run/kafka", help="where its data is kept (default .run/kafka)")
    parser.add_argument("--memory", default="512m", help="the Java heap (default 512m)")
    return parser.parse_args()


def _stop(signal: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _fetch_jars() -> None:
    """Into a folder of their own first, so that an interrupted fetch is never taken for a whole one."""
    if shutil.which("java") is None:
        sys.exit("Kafka needs Java 17 or newer: there is no java on the PATH.")
    if JARS.exists():
        return
    if shutil.which("mvn") is None:
        sys.exit("Fetching Kafka the first time needs Maven: there is no mvn on the PATH.")
    part = HERE / f"jars.{os.getpid()}"
    try:
        command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            sys.exit("Maven could not fetch Kafka: see above.")
        with suppress(OSError):  # another process was first
            part.rename(JARS)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _ports(wanted: int) -> tuple[int, int]:
    """The broker's port and its controller's, both free a moment ago."""
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", wanted))
        except OSError as error:
            sys.exit(f"Port {wanted} cannot be used: {error.strerror}.")
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _configure(folder: Path, port: int, controller: int) -> None:
    text = (HERE / "server.properties").read_text().format(port=port, controller_port=controller, folder=folder)
    (folder / "server.properties").write_text(text)


def _format(folder: Path) -> None:
    """Give a new broker its identity, and its folder."""
    if (folder / "data" / "meta.properties").exists():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "x")
    settings = str(folder / "server.properties")
    done = _java(folder, ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings], "128m", subprocess.run, capture_output=True)
    if done.returncode:
        sys.exit(f"Kafka's folder {folder} could not be made: {(done.stdout + done.stderr).decode(errors='replace')[-2000:]}")


def _java(folder: Path, arguments: list[str], memory: str, run: Any, **how: Any) -> Any:
    quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]
    log = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
    command = ["java", *quick, f"-Xmx{memory}", log, "-cp", f"{JARS}/*", *arguments]
    return run(command, cwd=folder, preexec_fn=_end_with_us, start_new_session=True, **how)


def _end_with_us() -> None:
    """The kernel stops the broker when this process dies without being able to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))


def _await(broker: "subprocess.Popen[bytes]", port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not _answers(port):
        if broker.poll() is not None:
            sys.exit(f"Kafka ended while it started (exit code {broker.returncode}): see above.")
        if time.monotonic() > give_up:
            sys.exit(f"Kafka has not answered for {START_SECONDS:.0f} seconds.")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(ARE_YOU_THERE)
        return len(connection.recv(4)) > 0
    return False


def _end(broker: "subprocess.Popen[bytes]") -> None:
    broker.terminate()
    try:
        broker.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        broker.kill()
        broker.wait()


if __name__ == "__main__":
    sys.exit(main())
