"""Authorizations of EIP-7702: who signed, and whether it took effect."""

from typing import Any

import pytest
import rlp
from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey

from watchers.batches.delegation import delegations
from watchers.batches.sent import Sent, read_sent
from watchers.errors import DecodeError

KEY, OTHER = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)
WHO, SENDER = KEY.public_key.to_address(), OTHER.public_key.to_address()
DELEGATE, NOBODY = "0x" + "d1" * 20, "0x" + "0" * 40
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HASH = "0x" + "77" * 32


def signed(
    key: PrivateKey = KEY, chain: int = 1, nonce: int = 0, delegate: str = DELEGATE, **bent: Any
) -> dict[str, Any]:
    digest = keccak(b"\x05" + rlp.encode([chain, bytes.fromhex(delegate[2:]), nonce]))
    v, r, s = key.sign_msg_hash(digest).vrs
    given = {
        "chainId": hex(chain),
        "address": delegate,
        "nonce": hex(nonce),
        "yParity": hex(v),
        "r": hex(r),
        "s": hex(s),
    }
    return {**given, **bent}


def sent(*authorizations: Any, nonce: int = 7) -> Sent:
    tx = {"hash": HASH, "type": "0x4", "chainId": "0x1", "nonce": hex(nonce), "from": SENDER, "to": WHO}
    receipt = {"transactionHash": HASH, "status": "0x1", "logs": []}
    return read_sent({**tx, "authorizationList": list(authorizations)}, receipt)


def applied(*authorizations: Any, codes: dict[str, str] | None = None) -> list[bool | None]:
    return [d.applied for d in delegations(sent(*authorizations), codes)]


def test_the_authority_is_who_signed() -> None:
    (one,) = delegations(sent(signed()))
    assert (one.authority, one.delegate, one.applied, one.reason) == (WHO, DELEGATE, None, "")


def test_code_after_the_transaction_confirms_or_denies() -> None:
    assert applied(signed(), codes={WHO: "0xef0100" + DELEGATE[2:]}) == [True]
    assert applied(signed(), codes={WHO: "0xEF0100" + DELEGATE[2:].upper()}) == [True]
    assert applied(signed(), codes={WHO: "0x"}) == [False]
    assert applied(signed(), codes={WHO: "0xef0100" + "e2" * 20}) == [False]
    assert applied(signed(delegate=NOBODY), codes={WHO: "0x"}) == [None]  # it may have had no code before
    assert applied(signed(delegate=NOBODY), codes={WHO: "0xef0100" + "e2" * 20}) == [False]


def test_of_one_authority_the_code_tells_only_the_last() -> None:
    code = {WHO: "0xef0100" + DELEGATE[2:]}
    assert applied(signed(nonce=0, delegate="0x" + "e2" * 20), signed(nonce=1), codes=code) == [None, True]
    assert applied(signed(nonce=3), signed(nonce=3), codes=code)[1] is False  # a nonce is good once


def test_the_sender_stands_at_its_next_nonce() -> None:
    assert applied(signed(OTHER, nonce=8), signed(OTHER, nonce=9)) == [True, True]
    assert applied(signed(OTHER, nonce=7), signed(OTHER, nonce=8)) == [False, True]
    (wrong,) = delegations(sent(signed(OTHER, nonce=7)))
    assert wrong.reason == "nonce 7, but the account stood at 8"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (signed(chain=5), "signed for chain 5"),
        (signed(nonce=2**64 - 1), "the nonce is the last one there can be"),
        (signed(yParity="0x2"), "no key fits the signature"),
        (signed(r="0x0"), "no key fits the signature"),
        (signed(s=hex(ORDER - int(signed()["s"], 16))), "no key fits the signature"),  # the other half: malleable
    ],
)
def test_what_can_never_apply_is_named(given: dict[str, Any], reason: str) -> None:
    (one,) = delegations(sent(given), {WHO: "0xef0100" + DELEGATE[2:]})
    assert (one.applied, one.reason) == (False, reason)
    assert (one.authority == "") is ("key" in reason)


def test_chain_zero_is_every_chain() -> None:
    assert applied(signed(chain=0), codes={WHO: "0xef0100" + DELEGATE[2:]}) == [True]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (7, r"authorizationList\[0\]: is not an object"),
        (signed(address="0x12"), r"authorizationList\[0\]\.address"),
        ({**signed(), "nonce": "what"}, "nonce"),
        (signed(r=None), r"\.r: "),
        (signed(r="0x" + "f" * 65), r"\.r: "),
    ],
)
def test_a_list_that_is_none_names_its_place(given: Any, place: str) -> None:
    with pytest.raises(DecodeError, match=place):
        delegations(sent(given))


def test_a_transaction_without_a_list_delegates_nothing() -> None:
    assert delegations(read_sent({"hash": HASH, "from": WHO}, {"transactionHash": HASH, "logs": []})) == []
