"""The world as it is at the start: one guild, five channels, an administrator, a member and the bot."""

from typing import Final

from sandbox.discord import permissions
from sandbox.discord.backend import Backend
from sandbox.discord.state import FIXED, Channel, Guild, Member, Role, User, World

TOKEN: Final = "sandbox.bot.token"  # noqa: S105  it opens nothing but this sandbox
BOT_ID: Final = FIXED + 1
ADMIN_ID: Final = FIXED + 2
MEMBER_ID: Final = FIXED + 3
GUILD_ID: Final = FIXED + 10
ADMIN_ROLE, BOT_ROLE, VOTERS_ROLE = FIXED + 11, FIXED + 12, FIXED + 13
CHANNELS: Final[dict[str, str]] = {
    "alerts": "Everything worth saying",
    "governance": "Votes and proposals",
    "whales": "Large liquidity moves",
    "batches": "What batch transactions did",
    "operators": "Chains that stand still, cards that are refused: silent while all is well",
}


def world() -> World:
    """Make the users; the guild follows with `guild`."""
    made = World(BOT_ID)
    made.users[ADMIN_ID] = User(ADMIN_ID, "admin", "Admin")
    made.users[MEMBER_ID] = User(MEMBER_ID, "member", "Member")
    made.users[BOT_ID] = User(BOT_ID, "tribune", "Tribune", bot=True)
    return made


def guild(backend: Backend, name: str, channels: dict[str, str], *, first_id: int | None = None) -> Guild:
    """Make a guild with these channels (name -> topic). `first_id` fixes its ids, else they are new."""

    def number(offset: int) -> int:
        return first_id + offset if first_id is not None else backend.new_id()

    now = backend.clock()
    own = number(0)
    admin, bot, voters = number(1), number(2), number(3)
    made = Guild(own, name, ADMIN_ID, now)
    made.roles = {
        own: Role(own, "@everyone", permissions.EVERYONE, 0),
        voters: Role(voters, "Voters", 0, 1, color=0x3BA55D, mentionable=True),
        bot: Role(bot, "Tribune", permissions.BOT, 2, color=0x5865F2, managed=True),
        admin: Role(admin, "Admin", permissions.BITS["administrator"], 3, color=0xE67E22, hoist=True),
    }
    made.members = {
        ADMIN_ID: Member(ADMIN_ID, now, [admin]),
        MEMBER_ID: Member(MEMBER_ID, now, [voters]),
        BOT_ID: Member(BOT_ID, now, [bot]),
    }
    for position, (channel, topic) in enumerate(channels.items()):
        channel_id = number(10 + position)
        made.channels[channel_id] = Channel(channel_id, own, channel, position=position, topic=topic, created_at_s=now)
    return made
