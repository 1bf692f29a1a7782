"""What cards look up: chains, DAOs and labels by the ids and addresses that alerts carry."""

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bot.cards import figures
from bot.cards.escape import escape, symbol
from config.settings import Chain, Dao, Label, Settings

_ROLES = {
    f"0x{keccak(text=name).hex()}": name
    for name in ("PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE", "MINTER_ROLE", "PAUSER_ROLE")
} | {"0x" + "00" * 32: "DEFAULT_ADMIN_ROLE"}  # OpenZeppelin, AccessControl: all roles are hashes of names, but this one


class Lexicon:
    """Built once from the settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._chains = {chain.id: chain for chain in settings.chains.values()}
        self._labels: dict[tuple[str | None, str], Label] = {(one.chain, one.address): one for one in settings.labels}

    def chain(self, chain_id: int) -> Chain | None:
        """Find a chain by id."""
        return self._chains.get(chain_id)

    def chain_name(self, chain_id: int) -> str:
        """Name a chain; an unknown one by its id."""
        chain = self._chains.get(chain_id)
        return chain.name if chain else f"chain {chain_id}"

    def is_hub(self, chain_id: int) -> bool:
        """Tell whether it is no chain, but a place where votes are signed and never sent to one."""
        chain = self._chains.get(chain_id)
        return chain is not None and chain.hub

    def place(self, chain_id: int) -> str:
        """Say where something happened: a chain's name, or that it was on none."""
        name = self.chain_name(chain_id)
        return f"off-chain ({name})" if self.is_hub(chain_id) else name

    def dao(self, key: str) -> Dao | None:
        """Find a DAO by key."""
        return self.settings.daos.get(key)

    def proposal_url(self, dao_key: str, proposal_id: int) -> str:
        """Link a proposal; empty for an unknown DAO."""
        dao = self.dao(dao_key)
        return dao.proposal_link(proposal_id) if dao else ""

    def label(self, chain_id: int, address: str) -> Label | None:
        """Find who an address is on a chain; a label of that chain goes before one of every chain."""
        chain = self._chains.get(chain_id)
        own = self._labels.get((chain.key, address)) if chain else None
        return own or self._labels.get((None, address))

    def amount(self, chain_id: int, token: str, raw: int, dao_key: str) -> str:
        """Write an amount of a token that the operator's files know; empty for any other."""
        chain = self._chains.get(chain_id)
        listed = (t for t in self.settings.tokens if chain and t.chain == chain.key and t.address == token)
        found = next(listed, None)
        if found is not None:
            return f"{figures.amount(raw, found.decimals)} {symbol(found.symbol)}"
        daos = (d for d in self.settings.daos.values() if d.token == token)
        voted = next((d for d in daos if d.key == dao_key or (chain and d.chain == chain.key)), None)
        return f"{figures.amount(raw, voted.decimals)} {symbol(voted.symbol)}" if voted is not None else ""

    def tx_url(self, chain_id: int, tx: str) -> str:
        """Link a transaction; empty for an unknown chain, and where nobody knows which it was."""
        chain = self._chains.get(chain_id)
        return chain.tx_url(tx) if chain and tx else ""

    def who(self, chain_id: int, address: str, *, linked: bool = True) -> str:
        """Write an address as markdown: its label, and its first and last six digits linked to the explorer, which has
        it whole. Never four and four: addresses that agree in so few digits are cheap to make. `linked` False: without
        the link and the label cut shorter, where room is scarce.
        """
        if not address:
            return "unknown"
        label = self.label(chain_id, address)
        shown = shorten(address)
        chain = self._chains.get(chain_id)
        url = chain.address_url(to_checksum_address(address)) if chain and linked else ""
        digits = f"[{shown}]({url})" if url else f"`{shown}`"
        if label is None:
            return digits
        kind = f" ({label.kind})" if label.kind != "unknown" else ""
        return f"**{escape(label.name, 40 if linked else 20)}**{kind} {digits}"


def role(text: str) -> str:
    """Name a well-known role by its hash; any other stays as it is."""
    return _ROLES.get(text, text)


def shorten(address: str) -> str:
    """`0x8d07D2…e6A265`, checksummed."""
    full = to_checksum_address(address)
    return f"{full[:8]}…{full[-6:]}"


def short_number(proposal_id: int) -> str:
    """Write a proposal's number; OpenZeppelin's are hashes of 77 digits, of which the first and last four are shown."""
    digits = str(proposal_id)
    return digits if len(digits) <= 8 else f"{digits[:4]}…{digits[-4:]}"  # noqa: PLR2004 - longer ones are hashes
