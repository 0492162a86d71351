"""A group of verbs. A word that is none of them is answered in one sentence with those that are."""

from typing import Any

from typer.core import TyperGroup

from api.cli.failures import Failed


class Group(TyperGroup):
    """What every `typer.Typer` of ours is made as."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that the first word names, with the words after it. Raises Failed when there is no such verb."""
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            raise Failed(f"`{ctx.command_path}` has no {word!r}: {', '.join(self.list_commands(ctx))}.", 2)
        return super().resolve_command(ctx, args)
