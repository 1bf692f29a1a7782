"""The contracts that the tests and the recording act on: a DAO, two markets, accounts with their EntryPoints.

All are the real ones from npm, at their canonical addresses where they have them: the Uniswap factories are created by
their own deployers' first transaction, the EntryPoints by CREATE2. Ours are only tokens, feeds and thin routers.
"""

from dataclasses import dataclass
from math import isqrt
from typing import Any

from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from tests.evm.anvil import Anvil, Contract, accounts, load

USDC = 10**6
ETHER = 10**18
WETH_USD = 3_000
SUPPLY = 10_000_000 * ETHER
VOTING_PERIOD = 24
LATE_QUORUM_EXTENSION = 4
TIMELOCK_DELAY_S = 4
FEE = 3000
SPACING = 60
HUGE = 2**255
NOBODY = "0x" + "00" * 20

CREATE2_DEPLOYER = "0x4e59b44847b379578588920ca78fbf26c0b4956c"
ENTRY_POINTS = {
    6: ("0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789", "00" * 32),
    7: (
        "0x0000000071727de22e5e9d8baf0edac6f37da032",
        "90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3",
    ),
    8: (
        "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
        "0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
    ),
}
UNISWAP_DEPLOYERS = {
    "UniswapV2Factory": "0x9c33eacc2f50e39940d3afaf2c7b8246b681a374",
    "UniswapV3Factory": "0x6c9fc64a53c1b71fb3f9af64d1ae3a4931a5f4e9",
}

# Who acts, in the order of the mnemonic's accounts, and the votes that each holds.
ROLES = (
    "deployer",
    "delegate_one",
    "delegate_two",
    "delegate_three",
    "delegate_four",
    "fund",
    "whale",
    "pair_whale",
    "range_whale",
    "sniper",
    "trader",
    "bundler",
    "owner",
    "small",
    "second_whale",
    "grantee",
)
VOTES = {
    "delegate_one": 150_000,
    "delegate_two": 260_000,
    "delegate_three": 60_000,
    "delegate_four": 4_000,
    "fund": 1_200_000,
    "whale": 900_000,
}
SHARES = {"fund": 120_000, "whale": 60_000}  # what the early ones may claim, in the order of their indexes
VAULTS = ("deployer", "range_whale", "sniper", "trader")


@dataclass
class World:
    """Everything that stands after `build`. Addresses are lower-case hex."""

    anvil: Anvil
    who: dict[str, str]
    keys: dict[str, bytes]
    token: Contract
    timelock: Contract
    governor: Contract
    bravo_timelock: Contract
    bravo: Contract
    usdc: Contract
    weth: Contract
    usdc_feed: Contract
    weth_feed: Contract
    v2_factory: Contract
    v3_factory: Contract
    pair: Contract
    pool: Contract
    router: Contract
    vaults: dict[str, Contract]
    entry_points: dict[int, Contract]
    smart_accounts: dict[int, list[Contract]]
    target: Contract
    distributor: Contract

    @property
    def usdc_first(self) -> bool:
        """Tell whether USDC is token 0 of both pools."""
        return self.usdc.address < self.weth.address

    def legs(self, usdc: float, weth: float) -> tuple[int, int]:
        """Give whole amounts as (amount0, amount1) in base units."""
        raw = round(usdc * USDC), round(weth * 10**6) * 10**12
        return raw if self.usdc_first else (raw[1], raw[0])

    def contracts(self) -> dict[str, Contract]:
        """Name every contract, for what asks them all."""
        named = {name: value for name, value in vars(self).items() if isinstance(value, Contract)}
        named |= {f"vault_{name}": vault for name, vault in self.vaults.items()}
        named |= {f"entry_point_{version}": contract for version, contract in self.entry_points.items()}
        for version, group in self.smart_accounts.items():
            named |= {f"account_{version}_{at}": account for at, account in enumerate(group)}
        return named

    async def claim(self, role: str) -> str:
        """Send what gives somebody of SHARES its part."""
        leaves = shares(self.who)
        index, (fund, other) = list(SHARES).index(role), leaves
        args = (index, self.who[role], SHARES[role] * ETHER, [other if index == 0 else fund])
        return await self.distributor.send("claim", *args, sender=self.who[role])

    async def range_liquidity(self, lower: int, upper: int, usdc: float, weth: float) -> int:
        """Give the V3 liquidity that both amounts allow in a range around the price."""
        price: int = (await self.pool.call("slot0"))[0]
        low, high = sqrt_price_x96(lower), sqrt_price_x96(upper)
        amount0, amount1 = self.legs(usdc, weth)
        from0 = amount0 * price * high // (high - price) >> 96
        from1 = (amount1 << 96) // (price - low)
        return min(from0, from1)

    async def around_price(self, spacings: int) -> tuple[int, int]:
        """Give a range of as many tick spacings on both sides of the price."""
        tick = (await self.pool.call("slot0"))[1] // SPACING * SPACING
        return tick - spacings * SPACING, tick + spacings * SPACING


def shares(who: dict[str, str]) -> list[bytes]:
    """Give the leaves of the tree that the distributor pays by."""
    return [
        keccak(at.to_bytes(32) + to_canonical_address(who[role]) + (votes * ETHER).to_bytes(32))
        for at, (role, votes) in enumerate(SHARES.items())
    ]


def sqrt_price_x96(tick: int) -> int:
    """Give the price's root at a tick, exact to about 15 digits: enough to size a position."""
    return int(1.0001 ** (tick / 2) * 2**96)


async def build(anvil: Anvil) -> World:
    """Deploy and fund everything; about ten blocks."""
    signers = accounts(len(ROLES))
    who = {role: str(signer.address).lower() for role, signer in zip(ROLES, signers, strict=True)}
    keys = {role: bytes(signer.key) for role, signer in zip(ROLES, signers, strict=True)}
    parts: dict[str, Any] = {"anvil": anvil, "who": who, "keys": keys}
    parts |= await _market(anvil, who)
    parts |= await _dao(anvil, who)
    parts |= await _accounts(anvil, who)
    parts["distributor"] = await _distributor(anvil, who, parts["token"])
    world = World(**parts)
    await _fund(world)
    await _first_liquidity(world)
    return world


async def _canonical_factory(anvil: Anvil, artifact: str, *args: Any) -> Contract:
    deployer = UNISWAP_DEPLOYERS[artifact]
    await anvil.rpc("anvil_setBalance", deployer, hex(10 * ETHER))
    await anvil.rpc("anvil_impersonateAccount", deployer)
    return await anvil.deploy(artifact, *args, sender=deployer)


async def _market(anvil: Anvil, who: dict[str, str]) -> dict[str, Any]:
    deployer = who["deployer"]
    usdc = await anvil.deploy("TestToken", "USD Coin", "USDC", 6, sender=deployer)
    weth = await anvil.deploy("TestToken", "Wrapped Ether", "WETH", 18, sender=deployer)
    usdc_feed = await anvil.deploy("PriceFeed", "USDC / USD", 99_990_000, sender=deployer)
    weth_feed = await anvil.deploy("PriceFeed", "ETH / USD", WETH_USD * 10**8, sender=deployer)
    router = await anvil.deploy("PairRouter", sender=deployer)
    v2_factory = await _canonical_factory(anvil, "UniswapV2Factory", NOBODY)
    v3_factory = await _canonical_factory(anvil, "UniswapV3Factory")
    await anvil.mine()
    made = await v2_factory.send("createPair", usdc.address, weth.address, sender=deployer)
    drawn = await v3_factory.send("createPool", usdc.address, weth.address, FEE, sender=deployer, gas=8_000_000)
    await anvil.succeed(made, drawn)
    pair = Contract(anvil, await v2_factory.call("getPair", usdc.address, weth.address), load("UniswapV2Pair")[0])
    pool_address = await v3_factory.call("getPool", usdc.address, weth.address, FEE)
    pool = Contract(anvil, pool_address, load("UniswapV3Pool")[0])
    vaults = {role: await anvil.deploy("RangeVault", who[role], sender=deployer) for role in VAULTS}
    return {
        "usdc": usdc,
        "weth": weth,
        "usdc_feed": usdc_feed,
        "weth_feed": weth_feed,
        "router": router,
        "v2_factory": v2_factory,
        "v3_factory": v3_factory,
        "pair": pair,
        "pool": pool,
        "vaults": vaults,
    }


async def _dao(anvil: Anvil, who: dict[str, str]) -> dict[str, Any]:
    deployer = who["deployer"]
    token = await anvil.deploy("VotesToken", "Rostra", "ROSTRA", SUPPLY, sender=deployer)
    made: dict[str, Contract] = {}
    for name, timelock_artifact, governor_artifact, args in (
        ("", "TimelockController", "ModernGovernor", (VOTING_PERIOD, LATE_QUORUM_EXTENSION)),
        ("bravo_", "TimelockController4", "BravoGovernor", (VOTING_PERIOD,)),
    ):
        timelock = await anvil.deploy(timelock_artifact, TIMELOCK_DELAY_S, [], [NOBODY], deployer, sender=deployer)
        title = "Rostra Council" if name else "Rostra DAO"
        governor = await anvil.deploy(
            governor_artifact, title, token.address, timelock.address, *args, sender=deployer, gas=12_000_000
        )
        await anvil.mine()
        grants = [
            await timelock.send("grantRole", await timelock.call(role), governor.address, sender=deployer)
            for role in ("PROPOSER_ROLE", "CANCELLER_ROLE")
        ]
        await anvil.succeed(*grants)
        made |= {f"{name}timelock": timelock, (f"{name}governor" if not name else "bravo"): governor}
    shares = [await token.send("transfer", who[role], votes * ETHER, sender=deployer) for role, votes in VOTES.items()]
    await anvil.succeed(*shares)
    chosen = [await token.send("delegate", who[role], sender=who[role]) for role in VOTES]
    await anvil.succeed(*chosen)
    return {"token": token, **made}


async def _accounts(anvil: Anvil, who: dict[str, str]) -> dict[str, Any]:
    deployer = who["deployer"]
    entry_points, groups = {}, {}
    for version, (address, salt) in ENTRY_POINTS.items():
        abi, bytecode = load(f"EntryPoint{version}")
        await anvil.send(deployer, CREATE2_DEPLOYER, "0x" + salt + bytecode[2:], gas=12_000_000)
        entry_points[version] = Contract(anvil, address, abi)
    target = await anvil.deploy("Target", sender=deployer)
    await anvil.mine()
    txs = []
    for version, entry_point in entry_points.items():
        artifact = f"SimpleAccount{version}"
        model = await anvil.deploy(artifact, entry_point.address, sender=deployer)
        start = model.data("initialize", who["owner"])
        groups[version] = [
            await anvil.deploy("ERC1967Proxy", model.address, bytes.fromhex(start[2:]), sender=deployer, name=artifact)
            for _ in range(3)
        ]
        txs += [
            await entry_point.send("depositTo", account.address, sender=deployer, value_wei=ETHER)
            for account in groups[version]
        ]
    await anvil.succeed(*txs)
    return {"entry_points": entry_points, "smart_accounts": groups, "target": target}


async def _distributor(anvil: Anvil, who: dict[str, str], token: Contract) -> Contract:
    """Let the early ones claim. It waits in the pool for the next block, so that no block comes later for it."""
    root = keccak(b"".join(sorted(shares(who))))
    made = await anvil.deploy("Distributor", token.address, root, sender=who["deployer"])
    await token.send("transfer", made.address, sum(SHARES.values()) * ETHER, sender=who["deployer"])
    return made


async def _fund(world: World) -> None:
    """Give everybody money, and let the routers take it."""
    deployer, usdc, weth = world.who["deployer"], world.usdc, world.weth
    txs = [await usdc.send("mint", world.timelock.address, 500_000 * USDC, sender=deployer)]
    for role in ("deployer", "pair_whale", "range_whale", "sniper", "trader", "small", "second_whale"):
        holder, router = world.who[role], world.router.address
        txs += [
            await usdc.send("mint", holder, 20_000_000 * USDC, sender=deployer),
            await weth.send("mint", holder, 8_000 * ETHER, sender=deployer),
        ]
        txs += [await token.send("approve", router, HUGE, sender=holder) for token in (usdc, weth, world.pair)]
        if role in world.vaults:
            vault = world.vaults[role].address
            txs += [await token.send("approve", vault, HUGE, sender=holder) for token in (usdc, weth)]
    for group in world.smart_accounts.values():
        txs += [await usdc.send("mint", account.address, 50_000 * USDC, sender=deployer) for account in group]
    await world.anvil.succeed(*txs)


async def _first_liquidity(world: World) -> None:
    """Fill both pools at 3,000 USDC per WETH."""
    deployer = world.who["deployer"]
    amount0, amount1 = world.legs(WETH_USD, 1)
    start = isqrt((amount1 << 192) // amount0)
    opened = await world.pool.send("initialize", start, sender=deployer)
    first = await world.router.send("add", world.pair.address, *world.legs(3_000_000, 1_000), sender=deployer)
    await world.anvil.succeed(opened, first)
    lower, upper = await world.around_price(100)
    liquidity = await world.range_liquidity(lower, upper, 4_000_000, 4_000_000 / WETH_USD)
    vault = world.vaults["deployer"]
    filled = await vault.send("enter", world.pool.address, lower, upper, liquidity, sender=deployer)
    await world.anvil.succeed(filled)
