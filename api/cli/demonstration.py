"""`demo`: everything at once on a temporary store, in less than a minute."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.failures import Failed
from api.cli.flags import AsJson

if TYPE_CHECKING:
    from api.cli.demo.stage import Stage
    from domain.verification import Invariant


def demo(as_json: AsJson = False) -> None:
    """Show real orders from door to install base."""
    from api.cli.client import Api
    from api.cli.demo.acts import ACTS, SCRIPT, summary
    from api.cli.demo.cast import Cast
    from api.cli.demo.engine import EngineProcess
    from api.cli.demo.stage import Stage
    from api.cli.terminal import print_json

    stage, began = Stage(aside=as_json), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crossconnect-demo-") as folder:
        script = Path(folder, "simulators.yaml")
        script.write_text(SCRIPT, encoding="utf-8")
        with EngineProcess(Path(folder), script) as engine, Api(engine.url, operator="demo") as api:
            stage.title("Crossconnect starts, with the sample catalog and simulated target systems")
            stage.say(f"Ready at {engine.url} after {engine.start():.1f} s.")
            for number, act in enumerate(ACTS, 1):
                stage.title(f"Act {number}. {act.__doc__}")
                act(Cast(engine, api, stage))
            counts = summary(api)
            engine.stop()
        findings = _verified(engine.store)
    seconds = time.monotonic() - began
    _show_end(stage, counts, findings, seconds)
    if as_json:
        invariants = [{"name": each.name, "checked": each.checked, "offending": list(each.offenders)} for each in findings]
        print_json({"made": counts, "invariants": invariants, "seconds": seconds})
    broken = [f"{each.name}: {', '.join(each.offenders[:5])}" for each in findings if each.offenders]
    if broken:
        raise Failed("; ".join(broken))


def _verified(store: str) -> "list[Invariant]":
    from adapters.verify import verify
    from api.cli.stores import opened
    from api.settings import Settings

    with opened(Settings(store=store)) as (log, codec, read_models):
        return list(verify(log, codec, read_models, lambda done, total: None))


def _show_end(stage: "Stage", counts: dict[str, int], findings: "list[Invariant]", seconds: float) -> None:
    stage.title("What there is now")
    for name, count in counts.items():
        stage.say(f"{count:>5} {name}")
    stage.title("What must always hold, checked on the store that is left")
    for finding in findings:
        stage.say(f"{'✗' if finding.offenders else '✓'} {finding.name} ({finding.checked})")
    stage.title(f"All of it took {seconds:.0f} s.")
