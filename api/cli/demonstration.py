"""`demo`: everything at once on a temporary store, in less than a minute."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from api.cli.failures import Failed


def demo() -> None:
    """Show real orders from door to install base."""
    from api.cli.client import Api
    from api.cli.demo.acts import ACTS, SCRIPT, Cast, summary
    from api.cli.demo.engine import EngineProcess
    from api.cli.demo.stage import Stage

    stage, began = Stage(), time.monotonic()
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
        stage.title("What there is now")
        for name, count in counts.items():
            stage.say(f"{count:>5} {name}")
        stage.title("What must always hold, checked on the store that is left")
        _verify(stage.say, engine.store)
        stage.title(f"All of it took {time.monotonic() - began:.0f} s.")


def _verify(say: Callable[[str], None], store: str) -> None:
    from adapters.verify import verify
    from api.cli.stores import opened
    from api.settings import Settings

    with opened(Settings(store=store)) as (log, codec, read_models):
        findings = list(verify(log, codec, read_models, lambda done, total: None))
    for finding in findings:
        say(f"{'✗' if finding.offenders else '✓'} {finding.name} ({finding.checked})")
    broken = [f"{each.name}: {', '.join(each.offenders[:5])}" for each in findings if each.offenders]
    if broken:
        raise Failed("; ".join(broken))
