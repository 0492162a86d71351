"""Regular expressions from outside, matched in linear time: no text and no pattern makes a search slow (Python's own engine can be made to run for years).

Known: literals, `.`, `[…]`, `\\d \\w \\s \\D \\W \\S`, groups, `|`, `* + ? {m,n}`, `^`, `$`. What needs backtracking (look-around, back-references) is refused.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from adapters.read_models.port import FilterRefused

LONGEST_PATTERN = 200
LONGEST_TEXT = 2_000
LARGEST_PROGRAM = 1_000
LARGEST_CACHE = 5_000
DEEPEST = 20

COUNTS = re.compile(r"\d{1,3}(,(\d{1,3})?)?", re.ASCII)

Test = Callable[[str], bool]
CLASSES: dict[str, Test] = {
    "d": str.isdigit,
    "w": lambda char: char.isalnum() or char == "_",
    "s": str.isspace,
    "D": lambda char: not char.isdigit(),
    "W": lambda char: not (char.isalnum() or char == "_"),
    "S": lambda char: not char.isspace(),
}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


class Step(NamedTuple):
    """One instruction: take a character that passes `test`, or (without a test) go on at each of `to`, if `only_at` (`^`, `$` or empty) holds."""

    test: Test | None
    to: tuple[int, ...]
    only_at: str = ""


class Pattern:
    """One compiled expression. Raises FilterRefused for what it does not know."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            raise FilterRefused(f"A regular expression may have {LONGEST_PATTERN} characters, not {len(text)}.")
        self._steps = compiled(text)
        self._match = len(self._steps)
        self._start = self._closed_over((0,), "^")
        self._restart = self._closed_over((0,), "")
        self._next: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def finds(self, text: str) -> bool:
        """Whether the expression matches anywhere in the text's first 2,000 characters."""
        state = self._start
        for char in text[:LONGEST_TEXT]:
            if self._match in state:
                return True
            state = self._next.get((state, char)) or self._step(state, char)
        if self._match in state or len(text) > LONGEST_TEXT:
            return self._match in state
        return self._match in self._closed_over(state, "$" if text else "^$")

    def _step(self, state: frozenset[int], char: str) -> frozenset[int]:
        if len(self._next) >= LARGEST_CACHE:
            self._next.clear()
        taken = [step.to[0] for step in map(self._steps.__getitem__, state - {self._match}) if step.test is not None and step.test(char)]
        after = self._next[state, char] = self._closed_over(taken, "") | self._restart
        return after

    def _closed_over(self, places: Iterable[int], at: str) -> frozenset[int]:
        """Every instruction that can be reached without taking a character."""
        reached: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in reached:
                continue
            reached.add(place)
            if place < self._match and self._steps[place].test is None and self._steps[place].only_at in ("", *at):
                waiting.extend(self._steps[place].to)
        return frozenset(reached)


def compiled(text: str) -> list[Step]:
    """The expression's program; past its last instruction lies the match."""
    parser = _Parser(text)
    tree = parser.alternatives()
    if parser.rest:
        raise parser.refusal("a parenthesis closes what none opened")
    steps: list[Step] = []
    tree(steps)
    return steps


# A piece of the expression appends its instructions, and goes on after the last of them.
Piece = Callable[[list[Step]], None]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    @property
    def rest(self) -> str:
        return self._text[self._place :]

    def refusal(self, why: str) -> FilterRefused:
        return FilterRefused(f"The regular expression {self._text!r} cannot be used: {why}.")

    def _takes(self, token: str) -> bool:
        if not self._text.startswith(token, self._place):
            return False
        self._place += len(token)
        return True

    def _char(self) -> str:
        if self._place >= len(self._text):
            raise self.refusal("it ends too early")
        self._place += 1
        return self._text[self._place - 1]

    def alternatives(self) -> Piece:
        pieces = [self._sequence()]
        while self._takes("|"):
            pieces.append(self._sequence())
        return pieces[0] if len(pieces) == 1 else lambda steps: self._emit_choice(steps, pieces)

    def _sequence(self) -> Piece:
        pieces: list[Piece] = []
        while self.rest and self.rest[0] not in "|)":
            pieces.append(self._repeated(self._atom()))

        def emit(steps: list[Step]) -> None:
            if not pieces:  # even nothing counts, lest it be repeated for ever
                self._emit(steps, Step(None, (len(steps) + 1,)))
            for piece in pieces:
                piece(steps)

        return emit

    def _atom(self) -> Piece:
        char = self._char()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._taking(self._class())
            case ".":
                return self._taking(lambda char: True)
            case "^" | "$":
                return lambda steps: self._emit(steps, Step(None, (len(steps) + 1,), char))
            case "\\":
                return self._taking(self._escape())
            case "*" | "+" | "?" | "{":
                raise self.refusal(f"{char} repeats nothing")
        return self._taking(char.__eq__)

    def _group(self) -> Piece:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.refusal("its groups are nested too deeply")
        if not self._takes("?:") and self.rest.startswith("?"):
            raise self.refusal("look-around and flags are not supported")
        piece = self.alternatives()
        if not self._takes(")"):
            raise self.refusal("a group is not closed")
        self._depth -= 1
        return piece

    def _escape(self) -> Test:
        char = self._char()
        if char in CLASSES:
            return CLASSES[char]
        if char.isalnum() and char not in CONTROLS:
            raise self.refusal(f"\\{char} is not supported")
        return CONTROLS.get(char, char).__eq__

    def _class(self) -> Test:
        negated = self._takes("^")
        tests = [self._member()]
        while not self._takes("]"):
            tests.append(self._member())
        return lambda char: any(test(char) for test in tests) is not negated

    def _member(self) -> Test:
        char = self._char()
        if char == "\\":
            return self._escape()
        if self.rest.startswith("-") and not self.rest.startswith("-]"):
            self._char()
            last = self._char()
            if last < char or last == "\\":
                raise self.refusal(f"{char}-{last} is no range")
            return lambda other: char <= other <= last
        return char.__eq__

    def _repeated(self, piece: Piece) -> Piece:
        least, most = self._times()
        if (least, most) == (1, 1):
            return piece
        self._takes("?")  # how eagerly it repeats makes no difference to whether it matches
        if self.rest[:1] in ("*", "+", "?", "{") and self.rest:
            raise self.refusal("a repetition is repeated")
        return lambda steps: self._emit_repeated(steps, piece, least, most)

    def _times(self) -> tuple[int, int | None]:
        for token, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(token):
                return times
        return self._counted() if self._takes("{") else (1, 1)

    def _counted(self) -> tuple[int, int | None]:
        end = self.rest.find("}")
        least, comma, most = self.rest[: max(end, 0)].partition(",")
        if not COUNTS.fullmatch(self.rest[: max(end, 0)]):
            raise self.refusal("{…} must hold one or two numbers of up to three digits")
        self._place += end + 1
        times = int(least), (int(most) if most else None) if comma else int(least)
        if times[1] is not None and times[1] < times[0]:
            raise self.refusal(f"{{{least},{most}}} counts backwards")
        return times

    def _taking(self, test: Test) -> Piece:
        return lambda steps: self._emit(steps, Step(test, (len(steps) + 1,)))

    def _emit(self, steps: list[Step], step: Step) -> None:
        if len(steps) >= LARGEST_PROGRAM:
            raise self.refusal("it is too large")
        steps.append(step)

    def _emit_choice(self, steps: list[Step], pieces: list[Piece]) -> None:
        fork = len(steps)
        self._emit(steps, Step(None, ()))
        starts, ends = [], []
        for piece in pieces:
            starts.append(len(steps))
            piece(steps)
            ends.append(len(steps))
            self._emit(steps, Step(None, ()))
        steps[fork] = Step(None, tuple(starts))
        for end in ends:
            steps[end] = Step(None, (len(steps),))

    def _emit_repeated(self, steps: list[Step], piece: Piece, least: int, most: int | None) -> None:
        for _ in range(least):
            piece(steps)
        if most is None:
            fork = self._emit_fork(steps, piece)
            self._emit(steps, Step(None, (fork,)))
            steps[fork] = Step(None, (fork + 1, len(steps)))
            return
        forks = [self._emit_fork(steps, piece) for _ in range(most - least)]
        for fork in forks:
            steps[fork] = Step(None, (fork + 1, len(steps)))

    def _emit_fork(self, steps: list[Step], piece: Piece) -> int:
        fork = len(steps)
        self._emit(steps, Step(None, ()))
        piece(steps)
        return fork


def matching(patterns: Sequence[Pattern], texts: Iterable[tuple[str, str]]) -> list[str]:
    """The ids (each once) of the texts in which one of the patterns is found."""
    return list(dict.fromkeys(row_id for row_id, text in texts if any(pattern.finds(text) for pattern in patterns)))
