"""The topics of a cluster as such: which there are, and what brings them to the manifest."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from adapters.topics.kafka.connection import Connection
from adapters.topics.kafka.endings import UNREACHABLE
from adapters.topics.kafka.loop import LoopThread
from adapters.topics.port import TopicsUnavailable
from schemas.topics import MANIFEST, Change, Held, plan

T = TypeVar("T")

PATIENCE = 30.0  # seconds for everything together
MOST_REPLICAS = 3
DYNAMIC = 1  # a setting's source: the topic itself, not a default


class Broker:
    """Everything raises TopicsUnavailable, in one sentence."""

    def __init__(self, connection: Connection, loop: LoopThread) -> None:
        self._connection = connection
        self._loop = loop

    def create_missing(self) -> list[Change]:
        """Create the topics that are not there, and refuse those with another partition count. Settings of existing topics are left alone."""
        changes = [change for change in self.plan() if change.kind != "configure"]
        self.apply(changes)
        return changes

    def plan(self) -> list[Change]:
        """What is different from the manifest."""
        held = self._ask(self._held)
        return plan(held, self._connection.options.partitions)

    def settings(self, topic: str) -> Mapping[str, str]:
        """Every setting of a topic, defaults included."""
        configs = self._ask(lambda admin: self._configs(admin, [topic]))
        return {name: value for name, (value, _) in configs[topic].items()}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes; nothing is changed when one of them has to be refused."""
        refused = [change.sentence for change in changes if change.kind == "refuse"]
        if refused:
            raise TopicsUnavailable(" ".join(refused))
        if changes:
            self._ask(lambda admin: self._apply(admin, changes))

    def delete(self, topics: Sequence[str]) -> None:
        """Delete topics and everything in them."""
        self._ask(lambda admin: admin.delete_topics([self._connection.topic(topic) for topic in topics]))

    def _ask(self, question: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
        async def ask() -> T:
            async with asyncio.timeout(PATIENCE):
                admin = AIOKafkaAdminClient(**self._connection.client())
                try:
                    await admin.start()
                    return await question(admin)
                finally:
                    await admin.close()

        try:
            return self._loop.run(ask(), PATIENCE)
        except UNREACHABLE as error:
            raise TopicsUnavailable(f"Kafka at {self._connection.bootstrap} is out of reach: {sentence(error)}.") from error

    async def _held(self, admin: AIOKafkaAdminClient) -> Mapping[str, Held]:
        there = set(await admin.list_topics())
        names = [topic.name for topic in MANIFEST if self._connection.topic(topic.name) in there]
        if not names:
            return {}
        described = await admin.describe_topics([self._connection.topic(name) for name in names])
        partitions = {self._connection.name(each["topic"]): len(each["partitions"]) for each in described}
        configs = await self._configs(admin, names)
        return {name: Held(partitions[name], {each: value for each, (value, _) in configs[name].items()}) for name in names}

    async def _configs(self, admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, tuple[str, bool]]]:
        """Each topic's settings: the value, and whether it is the topic's own."""
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, self._connection.topic(name)) for name in names])
        configs = {}
        for answer in answers:
            for code, message, _, name, entries in answer.resources:
                if code:
                    raise for_code(code)(message or name)
                configs[self._connection.name(name)] = {entry[0]: (entry[1], entry[3] == DYNAMIC) for entry in entries}
        return configs

    async def _apply(self, admin: AIOKafkaAdminClient, changes: Sequence[Change]) -> None:
        created = [change for change in changes if change.kind == "create"]
        if created:
            await self._create(admin, created)
        changed = [change for change in changes if change.kind == "configure"]
        if changed:
            await self._configure(admin, changed)

    async def _create(self, admin: AIOKafkaAdminClient, changes: Sequence[Change]) -> None:
        options = self._connection.options
        replication = options.replication or min(MOST_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        answer = await admin.create_topics(
            [
                NewTopic(self._connection.topic(change.topic), options.partitions, replication, topic_configs=dict(change.config))
                for change in changes
            ]
        )
        for topic, code, *message in answer.topic_errors:
            if code and code != TopicAlreadyExistsError.errno:  # another process may have been first
                raise for_code(code)(f"{topic} {message[0] if message else ''}")

        # The controller has answered; the broker hears of it a moment later, and tells nobody.
        while not {self._connection.topic(change.topic) for change in changes} <= set(await admin.list_topics()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _configure(self, admin: AIOKafkaAdminClient, changes: Sequence[Change]) -> None:
        """Kafka's call resets what it is not told, so a topic's own other settings are repeated."""
        own = await self._configs(admin, [change.topic for change in changes])
        for change in changes:
            kept = {name: value for name, (value, is_own) in own[change.topic].items() if is_own}
            resource = ConfigResource(ConfigResourceType.TOPIC, self._connection.topic(change.topic), {**kept, **change.config})
            answer: Any = await admin.alter_configs([resource])
            for each in answer:
                for code, message, *_ in each.resources:
                    if code:
                        raise for_code(code)(message)


def sentence(error: BaseException) -> str:
    """What went wrong, without the client's wrapping."""
    if isinstance(error, TimeoutError):
        return "it has not answered in time"
    return str(error).strip().rstrip(".") or type(error).__name__
