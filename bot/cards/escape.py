"""Text from a chain, made harmless: it can neither ping, link, format nor pass for other characters.

Policy: NFKC; control, format, private and unassigned characters dropped (bidi, zero-width and tag characters are among
them); at most two combining marks in a row; `<` and `@` replaced, so no mention, timestamp, emoji or command markup
survives; links defanged; markdown escaped; cut on a character, and the cut shown.
Source: Discord documentation, "Message Formatting"; Unicode Technical Standard 39 for the mixed scripts.
"""

import re
import unicodedata

CUT = "…"
_DROPPED = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_MAX_MARKS = 2
_MARKDOWN = re.compile(r"([\\*_~`|\[\]()#>])")
_SCHEME = re.compile(r"\b(h)tt(ps?)(://)", re.IGNORECASE)
_HOST = re.compile(r"(?<=[\w-])\.(?=[a-z]{2,})", re.IGNORECASE)
_REPLACED = str.maketrans({"<": "‹", "@": "＠"})


def clean(text: str) -> str:
    """Normalise and drop what cannot be seen; runs of white space become one space. No markdown is escaped yet."""
    kept, marks = [], 0
    for char in unicodedata.normalize("NFKC", re.sub(r"\s+", " ", text[:20_000])):
        category = unicodedata.category(char)
        if category in _DROPPED:
            continue
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


def cut(text: str, limit: int) -> str:
    """Shorten to `limit` characters, the last one an ellipsis where something is missing."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    while kept and unicodedata.combining(kept[-1]):
        kept = kept[:-1]
    return kept.rstrip() + CUT


def escape(text: str, limit: int) -> str:
    """Give a chain's text as markdown that shows exactly that text, at most `limit` visible characters."""
    shown = cut(clean(text), limit)
    shown = _SCHEME.sub(r"\1xx\2\3", shown)
    if "://" in shown or "/" in shown or re.search(r"\bwww\.", shown, re.IGNORECASE):
        shown = _HOST.sub("[.]", shown)
    return _MARKDOWN.sub(r"\\\1", shown.translate(_REPLACED))


def code(text: str, limit: int) -> str:
    """Give a chain's text as inline code; back-ticks cannot be escaped there, so they become quotes."""
    return f"`{cut(clean(text), limit).translate(_REPLACED).replace('`', chr(39)) or ' '}`"


def quote(text: str, limit: int) -> str:
    """Give a chain's text as a one-line block quote."""
    return f"> “{escape(text, limit)}”"


def scripts(text: str) -> set[str]:
    """Name the scripts of the letters in a text, by the first word of each character's Unicode name."""
    return {unicodedata.name(c, "UNKNOWN").split()[0] for c in clean(text) if c.isalpha()}


def symbol(text: str, limit: int = 12) -> str:
    """Give a token's symbol; one that mixes scripts, or is not Latin at all, says so, since look-alikes are a trap."""
    shown = escape(text, limit)
    if not shown:
        return "unnamed token"
    foreign = scripts(text) - {"LATIN"}
    return f"{shown} (look-alike: {', '.join(sorted(foreign)).title()})" if foreign else shown
