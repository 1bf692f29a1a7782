"""EIP-7702: who delegated to what in a transaction of type 4, and whether it took effect.

An authorization that is not valid is skipped in silence, and one that is valid outlives a transaction that reverts.
Nothing in the receipt tells the two apart, so `applied` is

    false   signed for another chain; no key fits the signature; the wrong nonce, where it can be told
    true    the authority's code after the transaction is the delegation, or the authority is the sender and the nonce
            is the sender's next one
    None    neither can be told: the authority's code was not asked for

Source: EIP-7702, "Behavior"; the signed digest is keccak(0x05 || rlp([chainId, address, nonce])).
"""

from collections.abc import Mapping, Sequence

import msgspec
import rlp
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from watchers.batches.sent import Sent, address, quantity
from watchers.errors import DecodeError

TYPE = 4
_MAX = 1024
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_LAST_NONCE = 2**64 - 1
_MARK = "0xef0100"
NOBODY = "0x" + "0" * 40


class Delegation(msgspec.Struct, frozen=True):
    """One authorization. `authority` is "" when no key fits its signature; `reason` says why it was not applied."""

    authority: str
    delegate: str
    applied: bool | None
    reason: str = ""


class _Signed(msgspec.Struct, frozen=True):
    chain_id: int
    delegate: str
    nonce: int
    parity: int
    r: int
    s: int


def delegations(sent: Sent, codes: Mapping[str, str] | None = None) -> list[Delegation]:
    """Recover the authorizations in their order. `codes`: lower-case authority -> its code after the transaction.
    Raises DecodeError for a list that is not one.
    """
    given = sent.tx.get("authorizationList")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > _MAX:
        raise DecodeError("$.tx.authorizationList: is not a list, or is too long for one")
    signed = [_read(one, f"$.tx.authorizationList[{at}]") for at, one in enumerate(given)]
    named = [(one, _authority(one)) for one in signed]
    return _judged(sent, named, codes or {})


def authorities(sent: Sent) -> list[str]:
    """Name the authorities, each once: those whose code tells whether a delegation was applied."""
    return list(dict.fromkeys(d.authority for d in delegations(sent) if d.authority))


def _read(given: object, place: str) -> _Signed:
    if not isinstance(given, dict):
        raise DecodeError(f"{place}: is not an object")
    parity = given.get("yParity", given.get("v"))
    return _Signed(
        quantity(given.get("chainId"), f"{place}.chainId"),
        address(given.get("address"), f"{place}.address"),
        quantity(given.get("nonce"), f"{place}.nonce"),
        quantity(parity, f"{place}.yParity"),
        quantity(given.get("r"), f"{place}.r"),
        quantity(given.get("s"), f"{place}.s"),
    )


def _authority(signed: _Signed) -> str:
    """Recover who signed; "" when nobody can have."""
    if signed.parity > 1 or signed.s > _HALF_ORDER:
        return ""
    content = rlp.encode([signed.chain_id, bytes.fromhex(signed.delegate[2:]), signed.nonce])
    try:
        signature = Signature(vrs=(signed.parity, signed.r, signed.s))
        return signature.recover_public_key_from_msg_hash(keccak(b"\x05" + content)).to_address()
    except (BadSignature, ValidationError, ValueError):
        return ""


def _judged(sent: Sent, named: Sequence[tuple[_Signed, str]], codes: Mapping[str, str]) -> list[Delegation]:
    found: list[Delegation] = []
    sure = {sent.sender: sent.nonce + 1}  # the nonce that an account is known to stand at
    used: set[tuple[str, int]] = set()
    last = {authority: at for at, (one, authority) in enumerate(named) if authority and not _barred(one, sent)}
    for at, (one, authority) in enumerate(named):
        reason = "no key fits the signature" if not authority else _barred(one, sent)
        applied: bool | None = False if reason else None
        if applied is None and (authority, one.nonce) in used:
            applied, reason = False, f"nonce {one.nonce} is used twice"
        elif applied is None and authority in sure:
            applied = one.nonce == sure[authority]
            reason = "" if applied else f"nonce {one.nonce}, but the account stood at {sure[authority]}"
            sure[authority] += applied
        elif applied is None and last[authority] == at:
            applied = _confirmed(one, codes.get(authority))
            reason = "" if applied is not False else "the account's code is not this delegation"
        used |= {(authority, one.nonce)} if applied is not False else set()
        found.append(Delegation(authority, one.delegate, applied, reason))
    return found


def _barred(one: _Signed, sent: Sent) -> str:
    """Say why an authorization can never apply here, "" when it may."""
    if one.chain_id and sent.chain_id is not None and one.chain_id != sent.chain_id:
        return f"signed for chain {one.chain_id}"
    return "the nonce is the last one there can be" if one.nonce >= _LAST_NONCE else ""


def _confirmed(one: _Signed, code: str | None) -> bool | None:
    """Compare with the code after the transaction. To be without code proves no removal: it may have had none."""
    if code is None:
        return None
    if one.delegate == NOBODY:
        return None if code == "0x" else False
    return code.lower() == _MARK + one.delegate[2:]
