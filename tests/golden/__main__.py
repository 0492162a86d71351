"""Write the golden files that are missing; `--again` writes those of today's versions anew, for events that were never released."""

import sys

from adapters.event_log.codec import Codec
from adapters.event_log.upcasters import UPCASTERS
from domain.events import EVENTS
from tests.golden import FOLDER, golden_of, read_all
from tests.golden.histories import histories


def main(again: bool) -> None:
    codec = Codec(EVENTS, UPCASTERS)
    present = {golden.topic for golden in read_all()}
    wanted = {event for event in EVENTS if again or codec.topics_of(event)[0] not in present}
    FOLDER.mkdir(exist_ok=True)
    told = histories()
    while wanted and (history := next(told, None)) is not None:
        for recorded in history:
            if type(recorded.event) in wanted:
                wanted.discard(type(recorded.event))
                golden_of(codec, recorded).write()
                print(codec.topic(recorded.event))
    if wanted:
        sys.exit(f"No history has {', '.join(sorted(event.__name__ for event in wanted))}.")


if __name__ == "__main__":
    main("--again" in sys.argv[1:])
