"""A process that sends nothing any more is not ready, and says why."""

from bot.vitals import Vitals
from config.errors import SettingsError
from tests.delivery_world import CHANNEL, World, state
from watchers.history import History


async def test_a_bot_whose_token_was_refused_is_not_ready(world: World) -> None:
    vitals = Vitals(History(world.redis, []), world.deliveries, world.subscriptions, {})
    world.discord.refused[CHANNEL] = SettingsError("environment", "DISCORD_TOKEN", "Discord refuses it", "copy it anew")
    await world.route(state(1))
    async with world.sending() as sender:
        vitals.sender = sender
        assert await vitals.ailing() == {}
        await world.until(lambda: sender.halted)
        assert "DISCORD_TOKEN" in (await vitals.ailing())["sending"]
        assert ("tribune_sending_halted", 1.0) in [(sample.name, sample.value) for sample in vitals.samples()]
