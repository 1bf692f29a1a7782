"""What a process says of itself: whether it is ready, and what a server is told by `/status`."""

from bot.subscription import Subscription
from bot.vitals import Vitals
from config.errors import SettingsError
from tests.delivery_world import CHANNEL, START_MS, World, state
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


async def test_a_server_sees_its_own_shut_channels_for_as_long_as_they_are_shut(world: World) -> None:
    vitals = Vitals(History(world.redis, []), world.deliveries, world.subscriptions, {})
    wishes = [Subscription(id=f"s{channel}", guild_id=channel // 10, channel_id=channel) for channel in (11, 12, 21)]
    for wish in wishes:
        await world.subscriptions.add(wish, by=1, now_ms=START_MS)
        await world.subscriptions.pause(wish.channel_id, "I may not write", now_ms=START_MS)

    async def shut(guild_id: int | None) -> list[str]:
        return [line.what for line in await vitals.lines(guild_id) if "shut: I may not write" in line.how]

    async def all_told() -> bool:
        return await world.subscriptions.untold() == []

    assert await shut(1) == ["<#11>", "<#12>"]
    async with world.sending():
        await world.until(lambda: len(world.owner.heard) == len(wishes))
        await world.until(all_told)
    await world.subscriptions.remove((await world.subscriptions.of_channel(12))[0], by=1, now_ms=START_MS)
    assert await shut(1) == ["<#11>", "<#12>"], "its owner knows, and it is shut all the same"
    assert (await shut(2), await shut(3), await shut(None)) == (["<#21>"], [], [])
    for channel in (11, 12):
        await world.subscriptions.resume(channel, by=1, now_ms=START_MS)
    assert (await shut(1), await shut(2)) == ([], ["<#21>"])
