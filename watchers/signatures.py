"""What selectors mean: `KNOWN`, the names known without asking anybody, and `Names`, those and an operator's own.

Source: the Solidity interfaces of the named projects; ERC-20, ERC-721, ERC-1155, ERC-4337, ERC-6093, ERC-7579.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from watchers.abi import decode_words, selector
from watchers.errors import DecodeError

_SEL = 10  # characters of 0x and four bytes
MAX_TEXT = 120  # characters of one argument as it is shown
MAX_ARGUMENTS = 12

_OP6 = "(address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes)"
_OP7 = "(address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)"

FUNCTION_SIGNATURES = (
    # tokens
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "approve(address,uint256)",
    "increaseAllowance(address,uint256)",
    "decreaseAllowance(address,uint256)",
    "mint(address,uint256)",
    "mint(address)",
    "mint(uint256)",
    "mint()",
    "burn(uint256)",
    "burn(address,uint256)",
    "burnFrom(address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    "setApprovalForAll(address,bool)",
    "deposit()",
    "deposit(uint256)",
    "deposit(uint256,address)",
    "depositTo(address)",
    "withdraw()",
    "withdraw(uint256)",
    "withdraw(uint256,address,address)",
    "redeem(uint256,address,address)",
    "claim()",
    "claim(address)",
    "claim(uint256)",
    "stake(uint256)",
    "unstake(uint256)",
    "delegate(address)",
    "transferOwnership(address)",
    "upgradeTo(address)",
    "upgradeToAndCall(address,bytes)",
    # lending and exchanges
    "supply(address,uint256,address,uint16)",
    "borrow(address,uint256,uint256,uint16,address)",
    "repay(address,uint256,uint256,address)",
    "withdraw(address,uint256,address)",
    "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
    "swapExactETHForTokens(uint256,address[],address,uint256)",
    "swapExactTokensForETH(uint256,uint256,address[],address,uint256)",
    "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
    "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))",
    "exactInput((bytes,address,uint256,uint256,uint256))",
    "exactInput((bytes,address,uint256,uint256))",
    "execute(bytes,bytes[],uint256)",
    "execute(bytes,bytes[])",
    "disperseEther(address[],uint256[])",
    "disperseToken(address,address[],uint256[])",
    "disperseTokenSimple(address,address[],uint256[])",
    "transferFrom((address,address,uint160,address)[])",
    "transferFrom(address,address,uint160,address)",
    "approve(address,address,uint160,uint48)",
    "permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)",
    "permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)",
    "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)",
    "permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)",
    # EntryPoint, accounts and their modules
    f"handleOps({_OP6}[],address)",
    f"handleAggregatedOps(({_OP6}[],address,bytes)[],address)",
    f"handleOps({_OP7}[],address)",
    f"handleAggregatedOps(({_OP7}[],address,bytes)[],address)",
    f"executeUserOp({_OP7},bytes32)",
    "execute(address,uint256,bytes)",
    "execute(address,uint256,bytes,uint8)",
    "execute_ncC(address,uint256,bytes)",
    "executeCall(address,uint256,bytes)",
    "executeCall_s1m(address,uint256,bytes)",
    "executeUserOp(address,uint256,bytes,uint8)",
    "executeUserOpWithErrorString(address,uint256,bytes,uint8)",
    "execute((address,uint256,bytes))",
    "executeDelegateCall(address,bytes)",
    "execTransactionFromEntrypoint(address,uint256,bytes,uint8)",
    "execFromEntryPoint(address,uint256,bytes)",
    "callContract(address,uint256,bytes,bool)",
    "exec(address,uint256,bytes)",
    "send(address,uint256,bytes)",
    "executeWithRuntimeValidation(bytes,bytes)",
    "executeBatch(address[],bytes[])",
    "executeBatch(address[],uint256[],bytes[])",
    "executeBatch((address,uint256,bytes)[])",
    "executeBatch_y6U(address[],uint256[],bytes[])",
    "executeBatchCall(address[],uint256[],bytes[])",
    "executeBatchCall_4by(address[],uint256[],bytes[])",
    "execute(bytes32,bytes)",
    "executeFromExecutor(bytes32,bytes)",
    "executeWithoutChainIdValidation(bytes[])",
    "execute((address,uint256,bytes)[],bytes)",
    "executeMultiple(((address,uint256,bytes)[],bytes)[])",
    "executeBySender((address,uint256,bytes)[])",
    "executeBySelf((address,uint256,bytes)[])",
    "executeBySelfSingle((address,uint256,bytes))",
    "tryCatch(address,uint256,bytes)",
    "tryCatchLimit(address,uint256,bytes,uint256)",
    "execute(((address,uint256,bytes)[],bool))",
    "redeemDelegations(bytes[],bytes32[],bytes[])",
    "setupSafe((address,address[],uint256,address,bytes,address,(address,bytes)[],bytes))",
    "installModule(uint256,address,bytes)",
    "uninstallModule(uint256,address,bytes)",
    "enableModule(address)",
    "addOwnerWithThreshold(address,uint256)",
    # Safe
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
    "execTransactionFromModule(address,uint256,bytes,uint8)",
    "execTransactionFromModuleReturnData(address,uint256,bytes,uint8)",
    "multiSend(bytes)",
    # multicall
    "aggregate((address,bytes)[])",
    "blockAndAggregate((address,bytes)[])",
    "tryAggregate(bool,(address,bytes)[])",
    "tryBlockAndAggregate(bool,(address,bytes)[])",
    "aggregate3((address,bool,bytes)[])",
    "aggregate3Value((address,bool,uint256,bytes)[])",
    "multicall(bytes[])",
    "multicall(uint256,bytes[])",
    "multicall(bytes32,bytes[])",
    # governance
    "castVote(uint256,uint8)",
    "castVoteWithReason(uint256,uint8,string)",
    "propose(address[],uint256[],bytes[],string)",
    "scheduleBatch(address[],uint256[],bytes[],bytes32,bytes32,uint256)",
    "executeBatch(address[],uint256[],bytes[],bytes32,bytes32)",
    "execute(address,uint256,bytes,bytes32,bytes32)",
    "execute(address[],uint256[],bytes[],bytes32)",
    "execute(uint256)",
    "executeTransaction(address,uint256,string,bytes,uint256)",
    "queue(uint256)",
)

ERROR_SIGNATURES = (
    "Error(string)",
    "Panic(uint256)",
    # EntryPoint and accounts
    "FailedOp(uint256,string)",
    "FailedOpWithRevert(uint256,string,bytes)",
    "PostOpReverted(bytes)",
    "SignatureValidationFailed(address)",
    "ReentrancyGuardReentrantCall()",
    "Reentrancy()",
    "ExecuteError(uint256,bytes)",
    "ExecutionFailed()",
    "ExecutionFailed(uint256,bytes)",
    "CallFailed(bytes)",
    "FailedCall()",
    "FailedInnerCall()",
    "ERC7579DecodingError()",
    "UnsupportedExecType(bytes1)",
    "UnsupportedCallType(bytes1)",
    "VerifiedCallError()",
    "CallError()",
    "Eip7702SenderNotDelegate(address)",
    "Eip7702SenderWithoutCode(address)",
    "NotFromEntryPoint(address,address,address)",
    "UnauthorizedCallContext()",
    "ActorPolicyViolation(bytes32,address)",
    "Unauthorized()",
    # OpenZeppelin, ERC-6093
    "InsufficientBalance(uint256,uint256)",
    "AddressEmptyCode(address)",
    "AddressInsufficientBalance(address)",
    "SafeERC20FailedOperation(address)",
    "SafeERC20FailedDecreaseAllowance(address,uint256,uint256)",
    "OwnableUnauthorizedAccount(address)",
    "OwnableInvalidOwner(address)",
    "AccessControlUnauthorizedAccount(address,bytes32)",
    "EnforcedPause()",
    "ExpectedPause()",
    "InvalidInitialization()",
    "NotInitializing()",
    "ERC20InsufficientBalance(address,uint256,uint256)",
    "ERC20InvalidSender(address)",
    "ERC20InvalidReceiver(address)",
    "ERC20InsufficientAllowance(address,uint256,uint256)",
    "ERC20InvalidApprover(address)",
    "ERC20InvalidSpender(address)",
    "ERC2612ExpiredSignature(uint256)",
    "ERC2612InvalidSigner(address,address)",
    "ERC721InvalidOwner(address)",
    "ERC721NonexistentToken(uint256)",
    "ERC721IncorrectOwner(address,uint256,address)",
    "ERC721InvalidSender(address)",
    "ERC721InvalidReceiver(address)",
    "ERC721InsufficientApproval(address,uint256)",
    "ERC1155InsufficientBalance(address,uint256,uint256,uint256)",
    "ERC1155MissingApprovalForAll(address,address)",
    # governance and routers
    "GovernorNonexistentProposal(uint256)",
    "TimelockUnexpectedOperationState(bytes32,bytes32)",
    "TransactionDeadlinePassed()",
    "BalanceTooLow()",
    "V3TooLittleReceived()",
    "V3TooMuchRequested()",
    "V2TooLittleReceived()",
    "V2TooMuchRequested()",
    # the test contracts behind the recorded transactions
    "LabBoom(uint256,string)",
    "PostBoom(uint8)",
)


class Error(NamedTuple):
    """A custom error: its name and the types of its arguments."""

    name: str
    types: tuple[str, ...]


class Names:
    """What selectors mean: functions as signatures, errors with their types. The first to name a selector keeps it."""

    def __init__(self, functions: Iterable[str], errors: Iterable[str]) -> None:
        self.functions: dict[str, str] = {}
        self.errors: dict[str, Error] = {}
        for signature in functions:
            self.functions.setdefault(selector(signature), signature)
        for signature in errors:
            self.errors.setdefault(selector(signature), Error(signature[: signature.index("(")], types_of(signature)))

    def with_more(self, functions: Iterable[str], errors: Iterable[str]) -> "Names":
        """Give these names and more; what is given wins over what was known."""
        more = Names(functions, errors)
        more.functions = {**self.functions, **more.functions}
        more.errors = {**self.errors, **more.errors}
        return more

    def function(self, data: str) -> str:
        """Name the function that calldata calls: its signature, its selector when unknown, "" for a plain transfer."""
        return self.functions.get(data[:_SEL], data[:_SEL]) if len(data) > len("0x") else ""

    def arguments(self, data: str) -> tuple[Any, ...] | None:
        """Decode what calldata gives to its function; None when the function is not known or the data does not fit."""
        signature = self.functions.get(data[:_SEL])
        if signature is None:
            return None
        try:
            return decode_words(types_of(signature), bytes.fromhex(data[_SEL:]))
        except (DecodeError, ValueError):
            return None


def shown(values: Sequence[Any]) -> tuple[str, ...]:
    """Write arguments for people, without building what would be cut off again."""
    texts = tuple(_text(value) for value in values[:MAX_ARGUMENTS])
    return (*texts, "…") if len(values) > MAX_ARGUMENTS else texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return _cut("0x" + value[:MAX_TEXT].hex())
    if isinstance(value, list | tuple):
        within = ",".join(_text(one) for one in value[:MAX_ARGUMENTS])
        return _cut(f"[{within}]" if len(value) <= MAX_ARGUMENTS else f"[{within},…]")
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


@cache
def types_of(signature: str) -> tuple[str, ...]:
    """Split the types of `name(type,type)` at the top level."""
    inner, found, depth, start = signature[signature.index("(") + 1 : -1], [], 0, 0
    for at, char in enumerate(inner + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append(inner[start:at])
            start = at + 1
    return tuple(found) if inner else ()


KNOWN = Names(FUNCTION_SIGNATURES, ERROR_SIGNATURES)
