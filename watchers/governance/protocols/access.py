"""Who is in charge: owners, roles, admins of timelocks and governors; and whether a contract is paused.

Source: OpenZeppelin `AccessControl.sol`, `AccessManager.sol`, `AccessControlDefaultAdminRules.sol`, `Ownable.sol`,
`Ownable2Step.sol`, `Pausable.sol`; Compound `Timelock.sol`, `GovernorBravoInterfaces.sol`; Uniswap V3 factory
(`OwnerChanged`); Aave v2 `ExecutorWithTimelock.sol`, which does not index its admins.
"""

import msgspec
from eth_hash.auto import keccak

from config.settings import ActName
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.acts import ADMIN_ROLE
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act, change

# roles are hashes of their names; these are the names that OpenZeppelin and its users give
_NAMES = (
    "PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE", "TIMELOCK_ADMIN_ROLE", "MINTER_ROLE", "BURNER_ROLE",
    "PAUSER_ROLE", "UPGRADER_ROLE", "ADMIN_ROLE", "GOVERNOR_ROLE", "GUARDIAN_ROLE", "MANAGER_ROLE", "OPERATOR_ROLE",
)  # fmt: skip
_ROLES = {"0x" + keccak(name.encode()).hex(): name for name in _NAMES} | {"0x" + "0" * 64: ADMIN_ROLE}


@event("RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)")
class RoleGranted(msgspec.Struct, frozen=True, gc=False):
    """Somebody may do more."""

    role: str
    account: str
    sender: str


@event("RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)")
class RoleRevoked(msgspec.Struct, frozen=True, gc=False):
    """Somebody may do less."""

    role: str
    account: str
    sender: str


@event(
    "RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole)",
)
class RoleAdminChanged(msgspec.Struct, frozen=True, gc=False):
    """Another role may grant this one."""

    role: str
    previous_admin_role: str
    new_admin_role: str


@event(
    "RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
)
class ManagedRoleGranted(msgspec.Struct, frozen=True, gc=False):
    """An AccessManager's role."""

    role_id: int
    account: str
    delay: int
    since: int
    new_member: bool


@event("RoleRevoked(uint64 indexed roleId, address indexed account)")
class ManagedRoleRevoked(msgspec.Struct, frozen=True, gc=False):
    """The same, taken away."""

    role_id: int
    account: str


@event("OwnershipTransferred(address indexed previousOwner, address indexed newOwner)")
class OwnershipTransferred(msgspec.Struct, frozen=True, gc=False):
    """A new owner."""

    previous_owner: str
    new_owner: str


@event("OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner)")
class OwnershipTransferStarted(msgspec.Struct, frozen=True, gc=False):
    """An owner who has yet to accept."""

    previous_owner: str
    new_owner: str


@event("OwnerChanged(address indexed oldOwner, address indexed newOwner)")
class OwnerChanged(msgspec.Struct, frozen=True, gc=False):
    """Uniswap V3's word for it."""

    old_owner: str
    new_owner: str


@event("DefaultAdminTransferScheduled(address indexed newAdmin, uint48 acceptSchedule)")
class DefaultAdminTransferScheduled(msgspec.Struct, frozen=True, gc=False):
    """An admin who may accept from then on."""

    new_admin: str
    accept_schedule: int


@event("NewAdmin(address indexed newAdmin)")
class NewAdmin(msgspec.Struct, frozen=True, gc=False):
    """A timelock's admin: who may queue and execute."""

    new_admin: str


@event("NewAdmin(address newAdmin)")
class PlainNewAdmin(msgspec.Struct, frozen=True, gc=False):
    """The same of Aave v2."""

    new_admin: str


@event("NewPendingAdmin(address indexed newPendingAdmin)")
class NewPendingAdmin(msgspec.Struct, frozen=True, gc=False):
    """A timelock's next admin."""

    new_pending_admin: str


@event("NewPendingAdmin(address newPendingAdmin)")
class PlainNewPendingAdmin(msgspec.Struct, frozen=True, gc=False):
    """The same of Aave v2."""

    new_pending_admin: str


@event("NewAdmin(address oldAdmin, address newAdmin)")
class BravoNewAdmin(msgspec.Struct, frozen=True, gc=False):
    """A Bravo-like governor's admin."""

    old_admin: str
    new_admin: str


@event("NewPendingAdmin(address oldPendingAdmin, address newPendingAdmin)")
class BravoNewPendingAdmin(msgspec.Struct, frozen=True, gc=False):
    """A Bravo-like governor's next admin."""

    old_pending_admin: str
    new_pending_admin: str


@event("Paused(address account)")
class Paused(msgspec.Struct, frozen=True, gc=False):
    """Nothing goes until somebody lets it."""

    account: str


@event("Unpaused(address account)")
class Unpaused(msgspec.Struct, frozen=True, gc=False):
    """It goes again."""

    account: str


protocol = Hand("access")
_CHANGES: tuple[tuple[type, ActName, str, str], ...] = (
    (OwnershipTransferred, "owner_changed", "previous_owner", "new_owner"),
    (OwnerChanged, "owner_changed", "old_owner", "new_owner"),
    (NewAdmin, "owner_changed", "", "new_admin"),
    (PlainNewAdmin, "owner_changed", "", "new_admin"),
    (BravoNewAdmin, "owner_changed", "old_admin", "new_admin"),
    (OwnershipTransferStarted, "owner_nominated", "previous_owner", "new_owner"),
    (DefaultAdminTransferScheduled, "owner_nominated", "", "new_admin"),
    (NewPendingAdmin, "owner_nominated", "", "new_pending_admin"),
    (PlainNewPendingAdmin, "owner_nominated", "", "new_pending_admin"),
    (BravoNewPendingAdmin, "owner_nominated", "old_pending_admin", "new_pending_admin"),
)
for _shape, _name, _was, _now in _CHANGES:
    protocol.on(_shape)(change(protocol, _name, was=_was, now=_now))


def role_name(role: str) -> str:
    """Give a role's name where its hash is a known one's."""
    return _ROLES.get(role, role)


def _managed(role_id: int) -> str:
    return ADMIN_ROLE if role_id == 0 else f"role {role_id}"


@protocol.on(RoleGranted)
def _granted(log: Log, shape: RoleGranted, around: Around) -> Act:
    role = role_name(shape.role)
    return act(protocol, log, around, "role_granted", who=shape.sender, whom=shape.account, detail=role)


@protocol.on(RoleRevoked)
def _revoked(log: Log, shape: RoleRevoked, around: Around) -> Act:
    role = role_name(shape.role)
    return act(protocol, log, around, "role_revoked", who=shape.sender, whom=shape.account, detail=role)


@protocol.on(RoleAdminChanged)
def _keeper(log: Log, shape: RoleAdminChanged, around: Around) -> Act:
    before, after = role_name(shape.previous_admin_role), role_name(shape.new_admin_role)
    role = role_name(shape.role)
    return act(protocol, log, around, "role_admin_changed", before=before, after=after, detail=role)


@protocol.on(ManagedRoleGranted)
def _managed_granted(log: Log, shape: ManagedRoleGranted, around: Around) -> Act:
    return act(protocol, log, around, "role_granted", whom=shape.account, detail=_managed(shape.role_id))


@protocol.on(ManagedRoleRevoked)
def _managed_revoked(log: Log, shape: ManagedRoleRevoked, around: Around) -> Act:
    return act(protocol, log, around, "role_revoked", whom=shape.account, detail=_managed(shape.role_id))


@protocol.on(Paused)
def _paused(log: Log, shape: Paused, around: Around) -> Act:
    return act(protocol, log, around, "paused", who=shape.account)


@protocol.on(Unpaused)
def _unpaused(log: Log, shape: Unpaused, around: Around) -> Act:
    return act(protocol, log, around, "unpaused", who=shape.account)
