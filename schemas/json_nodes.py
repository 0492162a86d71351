"""JSON text as the nodes that a YAML reader makes, so that both kinds of file are read on in one way.

YAML's own reader cannot do it: JSON allows tabs, long keys and characters that YAML does not.
"""

import json
import re
from bisect import bisect_right

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.0-9eE]+|[a-zA-Z]+|[\[\]{}]')
_WORDS = {"true": "bool", "false": "bool", "null": "null"}


def json_nodes(text: str) -> Node:
    """The nodes of a JSON text, each marked with its line. Raises ValueError or RecursionError when it is not JSON."""
    json.loads(text, parse_constant=_refuse)  # from here on every token stands where it may
    lines = [found.end() for found in re.finditer("\n", text)]
    open_nodes: list[tuple[MappingNode | SequenceNode, list[Node]]] = []
    for token in _TOKEN.finditer(text):
        word, mark = token.group(), yaml.Mark("", token.start(), bisect_right(lines, token.start()), 0, None, 0)
        if word in "{[":
            open_nodes.append((_container(word, mark), []))
            continue
        node = _filled(*open_nodes.pop()) if word in "}]" else _scalar(word, mark)
        if not open_nodes:
            return node
        open_nodes[-1][1].append(node)
    raise ValueError("the file is empty")


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _container(bracket: str, mark: yaml.Mark) -> MappingNode | SequenceNode:
    if bracket == "{":
        return MappingNode(_tag("map"), [], mark, mark)
    return SequenceNode(_tag("seq"), [], mark, mark)


def _filled(node: MappingNode | SequenceNode, parts: list[Node]) -> Node:
    node.value.extend(parts if isinstance(node, SequenceNode) else zip(parts[::2], parts[1::2], strict=True))
    return node


def _scalar(word: str, mark: yaml.Mark) -> ScalarNode:
    if word[0] == '"':
        return ScalarNode(_tag("str"), json.loads(word), mark, mark)
    kind = _WORDS.get(word) or ("int" if word.lstrip("-").isdigit() else "float")
    return ScalarNode(_tag(kind), word, mark, mark)


def _tag(kind: str) -> str:
    return f"tag:yaml.org,2002:{kind}"
