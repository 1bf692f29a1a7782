"""What a proposal would do, in words: its actions, how trying them went, and what that changed; and how it went."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bot.cards import figures
from bot.cards.calls import call_lines, counted_calls, refusal
from bot.cards.escape import code, escape
from bot.cards.lexicon import Lexicon, role
from watchers.alert import OperationFacts, ProposalFacts
from watchers.proposed import Action, Effect, Simulated

LISTED = 3
CHARS_EACH = 40  # what an action beyond the first is worth in words, at the very least
ARGUMENTS = 3
REASON = 120
ROLE_FUNCTIONS = {"grantRole", "revokeRole", "renounceRole", "setRoleAdmin"}
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_MANY_TOKENS = 1 << 200  # an allowance above it is meant to have no bound
_WHEN = {
    "created": "at creation",
    "queued": "when queued",
    "executed": "right before it ran",
    "now": "just now",
    "again": "again before execution",
}
_EFFECTS: dict[str, tuple[str, str]] = {
    "transfer": ("transfer", "transfers"),
    "item": ("item moved", "items moved"),
    "coins": ("payment", "payments"),
    "allowance": ("allowance", "allowances"),
    "upgrade": ("new code", "new codes"),
    "admin_changed": ("new proxy admin", "new proxy admins"),
    "owner_changed": ("new owner", "new owners"),
    "owner_nominated": ("next owner", "next owners"),
    "role_granted": ("role granted", "roles granted"),
    "role_revoked": ("role taken away", "roles taken away"),
    "fee_switch": ("fee switch", "fee switches"),
}


def proposed(facts: ProposalFacts, chain_id: int, lexicon: Lexicon) -> list[str]:
    """Give the card's lines: at most three on actions, one on the trial, and one for each thing that is wrong."""
    steps = facts.followed.steps if facts.followed else ()
    ran = facts.change == "executed" or any(step.change == "executed" for step in steps)
    said = "What it did" if ran else "What it would do"
    lines = [_action(action, chain_id, facts.dao, lexicon) for action in facts.does[:LISTED]]
    left = facts.actions - len(lines)
    if lines and left > 0:
        lines[-1] += f", and **{figures.number(left)} more**"
    told = [f"**{said if at == 0 else 'Then'}** {line}" for at, line in enumerate(lines)]
    if not told and facts.actions:
        told = [f"**Does** {facts.actions} action{'s' if facts.actions != 1 else ''} on chain"]
    told += _odd(facts, chain_id, lexicon)
    tried = trial(facts.simulated, chain_id, facts.dao, lexicon, facts.does) if facts.simulated is not None else []
    return told + tried + (carried_out(facts.carried, chain_id, lexicon) if facts.carried is not None else [])


def carried_out(op: OperationFacts, chain_id: int, lexicon: Lexicon) -> list[str]:
    """Say what became of each call when it was executed, those that failed or swallowed a failure one by one."""
    if not op.calls:
        return ["**Executed**, what became of its calls is unknown: no trace"]
    counted = counted_calls([op], "Executed")
    source = "" if op.traced else ", by the logs: no trace"
    wrong = any(call.outcome != "success" or call.swallowed for call in op.calls)
    return [f"**{counted}**{source}", *(call_lines(op, chain_id, lexicon, LISTED) if wrong else ())]


def _odd(facts: ProposalFacts, chain_id: int, lexicon: Lexicon) -> list[str]:
    """Say that a proposal explains little of what it does, which target it calls again and again, and whose source
    nobody has verified.
    """
    lines, chars = [], facts.text_chars
    if chars is not None and facts.actions and chars < max(1, CHARS_EACH * (facts.actions - 1)):
        many = "1 action" if facts.actions == 1 else f"{figures.number(facts.actions)} actions"
        lines.append(f"**Says little** {figures.number(chars)} characters of text for {many}")
    if facts.repeated:
        called = ", ".join(f"{lexicon.who(chain_id, one)} {figures.number(n)} times" for one, n in facts.repeated)
        lines.append(f"**Calls again** {called}")
    empty = facts.simulated.codeless if facts.simulated is not None else ()
    unverified = [one for one in facts.unverified or () if one not in empty]
    if unverified:
        lines.append(f"**Source not verified** {_named_few(unverified, chain_id, lexicon)}")
    return lines


def action_lines(actions: Sequence[Action], left_out: int, chain_id: int, dao: str, lexicon: Lexicon) -> list[str]:
    """Give every action, numbered from 1."""
    lines = [f"**{one.index + 1}** · {_action(one, chain_id, dao, lexicon)}" for one in actions]
    return lines + ([f"and {figures.number(left_out)} more that are not kept"] if left_out else [])


def trial(seen: Simulated, chain_id: int, dao: str, lexicon: Lexicon, does: Sequence[Action] = ()) -> list[str]:
    """Say how trying the actions went, as far as `does` gives them; "not simulated" is never a success."""
    when = _WHEN.get(seen.step, "")
    wrong = [_codeless(seen, chain_id, lexicon)] if seen.codeless else []
    if seen.destructs:
        wrong.append(f"**Can self-destruct** the code of {_named_few(seen.destructs, chain_id, lexicon)}")
    lately = seen.since.changed if seen.since is not None else ()
    for changed, then in ((lately, _then(seen)), ([one for one in seen.changed if one not in lately], "at creation")):
        if changed:
            wrong.append(f"**Other code than {then}** {_named_few(changed, chain_id, lexicon)}")
    if seen.why:
        return [f"**Not simulated** {when}: {escape(seen.why, 80)}", *wrong]
    if seen.lacks_wei:
        wrong.append(f"**Not there yet** {_coins(seen.lacks_wei, chain_id, lexicon)} of what it sends")
    wrong = [*_since(seen, chain_id, dao, lexicon), *wrong]
    tried = f"Simulated {when}"
    if seen.step == "again":
        tried = f"Tried {when}, block {figures.number(seen.block)}"
    total, fails = len(seen.calls), seen.fails
    if not fails:
        how = f"all {total} calls succeed" if total != 1 else "its call succeeds"
        changes = _counted(seen)
        return [f"**{tried}** {how}{f' · {changes}' if changes else ''}", *wrong]
    target = next((one.target for one in does if one.index == fails[0]), "")
    why = refusal(seen.calls[fails[0]].reason, REASON, target, chain_id, dao, lexicon)
    how = f"call {fails[0] + 1} of {total} fails" if total != 1 else "its call fails"
    more = f", and {len(fails) - 1} more fail{'s' if len(fails) == 2 else ''}" if len(fails) > 1 else ""  # noqa: PLR2004 - one more
    return [f"**{tried}** **{how}**: {why}{more}", *wrong]


def _then(seen: Simulated) -> str:
    return _WHEN.get(seen.since.step, "before") if seen.since is not None else ""


def _since(seen: Simulated, chain_id: int, dao: str, lexicon: Lexicon) -> list[str]:
    """Say what a trial shows that the one before it had not."""
    since = seen.since
    if since is None:
        return []
    told = []
    for calls, how in ((since.fails, "went well and would fail now"), (since.heals, "failed and would succeed now")):
        if calls:
            named = ", ".join(str(at + 1) for at in calls[:LISTED])
            more = f" and {figures.number(len(calls) - LISTED)} more" if len(calls) > LISTED else ""
            told.append(f"call{'s' if len(calls) > 1 else ''} {named}{more} {how}")
    for effects, how in ((since.new, "new"), (since.gone, "no longer")):
        if effects:
            more = f" and {figures.number(len(effects) - 1)} more" if len(effects) > 1 else ""
            told.append(f"{how}: {_effect(effects[0], chain_id, dao, lexicon)}{more}")
    if not told and since.whole and not since.changed:
        told = ["nothing changed"]
    then = "it was queued" if since.step == "queued" else "creation"
    return [f"**Since {then}** {' · '.join(told)}"] if told else []


def effect_lines(seen: Simulated, chain_id: int, dao: str, lexicon: Lexicon) -> Iterator[str]:
    """Say each change that the trial logged."""
    for effect in seen.effects:
        yield f"call {effect.call + 1}: {_effect(effect, chain_id, dao, lexicon)}"
    if seen.more:
        yield f"and {figures.number(seen.more)} more change{'s' if seen.more != 1 else ''}"


def _codeless(seen: Simulated, chain_id: int, lexicon: Lexicon) -> str:
    return f"**No code at** {_named_few(seen.codeless, chain_id, lexicon)}: a call there does nothing"


def _named_few(addresses: Sequence[str], chain_id: int, lexicon: Lexicon) -> str:
    """Name the first few, and how many more there are."""
    named = ", ".join(lexicon.who(chain_id, one) for one in addresses[:LISTED])
    more = len(addresses) - LISTED
    return f"{named} and {figures.number(more)} more" if more > 0 else named


def _counted(seen: Simulated) -> str:
    """Count the changes by kind, those of power before those of money as they stand."""
    counts = Counter(effect.kind for effect in seen.effects)
    rows = []
    for kind, number in counts.items():
        one, many = _named(kind)
        rows.append(f"{number} {one if number == 1 else many}")
    return ", ".join(rows[:4]) + (f", and {seen.more} more" if seen.more else "")


def _named(kind: str) -> tuple[str, str]:
    plain = escape(kind.replace("_", " "), 40)
    return _EFFECTS.get(kind, (plain, plain))


def _effect(effect: Effect, chain_id: int, dao: str, lexicon: Lexicon) -> str:
    who, whom = (lexicon.who(chain_id, one) for one in (effect.who, effect.whom))
    contract = lexicon.who(chain_id, effect.contract)
    raw = effect.raw or 0
    if effect.kind == "coins":
        return f"{_coins(raw, chain_id, lexicon)} from {who} to {whom}"
    if effect.kind == "transfer":
        return f"{_tokens(effect.contract, raw, chain_id, dao, lexicon)} from {who} to {whom}"
    if effect.kind == "allowance":
        return f"{whom} may spend {_allowed(effect.contract, raw, chain_id, dao, lexicon)} of {who}"
    if effect.kind == "item":
        return f"item {code(str(raw), 20)} of {contract} from {who} to {whom}"
    one, _ = _named(effect.kind)
    of_role = effect.kind.startswith("role_")
    after = f" → {_value(effect.after, chain_id, lexicon, of_role=of_role)}" if effect.after else ""
    to = f", {whom}" if effect.whom else ""
    return f"**{one}** of {contract}{to}{after}"


def _action(action: Action, chain_id: int, dao: str, lexicon: Lexicon) -> str:
    """Write one action; of what moves money by the commonest functions, the amount."""
    sent = _coins(action.value_wei, chain_id, lexicon) if action.value_wei else ""
    target, given = lexicon.who(chain_id, action.target), action.arguments or ()
    if not action.function:
        return f"pay {sent} to {target}" if sent else f"call {target} with nothing"
    with_coins = f" with {sent}" if sent else ""
    name = action.function.partition("(")[0]
    if action.function in ("transfer(address,uint256)", "approve(address,uint256)") and len(given) == 2:  # noqa: PLR2004 - as they say
        whom, raw = lexicon.who(chain_id, given[0]), int(given[1])
        if name == "transfer":
            return f"transfer {_tokens(action.target, raw, chain_id, dao, lexicon)} to {whom}{with_coins}"
        return f"let {whom} spend {_allowed(action.target, raw, chain_id, dao, lexicon)}{with_coins}"
    of_role = name in ROLE_FUNCTIONS
    shown = [_value(one, chain_id, lexicon, of_role=of_role) for one in given[:ARGUMENTS]]
    shown += ["…"] if len(given) > ARGUMENTS else []
    arguments = f" with {', '.join(shown)}" if shown else ""
    risks = [f"**{risk}**" for risk in action.risks if risk != "sends coins"]
    risky = f" · {', '.join(risks)}" if risks else ""
    return f"{code(name, 40)} on {target}{arguments}{f' and {sent}' if sent else ''}{risky}"


def _value(text: str, chain_id: int, lexicon: Lexicon, *, of_role: bool = False) -> str:
    if _ADDRESS.fullmatch(text):
        return lexicon.who(chain_id, text)
    return code(role(text) if of_role else text, 32)


def _coins(wei: int, chain_id: int, lexicon: Lexicon) -> str:
    chain = lexicon.chain(chain_id)
    return f"{figures.amount(wei, 18)} {chain.native}" if chain else f"{figures.number(wei)} wei"


def _allowed(token: str, raw: int, chain_id: int, dao: str, lexicon: Lexicon) -> str:
    if raw < _MANY_TOKENS:
        return _tokens(token, raw, chain_id, dao, lexicon)
    return f"**any amount** of {lexicon.who(chain_id, token)}"


def _tokens(token: str, raw: int, chain_id: int, dao: str, lexicon: Lexicon) -> str:
    """Write an amount of a token that the operator's files know; of any other, the base units."""
    known = lexicon.amount(chain_id, token, raw, dao)
    return known or f"{figures.amount(raw, None)} {lexicon.who(chain_id, token)}"
