"""Who an address is, on which chain."""

from pathlib import Path

from bot.cards.lexicon import Lexicon
from config.settings import Label, load

ADDRESS = "0x" + "ab" * 20


def test_a_label_of_one_chain_names_nobody_on_another_and_goes_before_one_of_every_chain() -> None:
    settings = load(environ={"SANDBOX_RPC": "http://127.0.0.1:1"}, dotenv=None, config_dir=Path("sandbox/chain/config"))
    (chain,) = (c for c in settings.chains.values() if c.enabled)
    here = Label(address=ADDRESS, name="Here", chain=chain.key, source="test")
    everywhere = Label(address=ADDRESS, name="Everywhere", source="test")
    elsewhere = chain.id + 1

    lexicon = Lexicon(settings.model_copy(update={"labels": (here,)}))
    assert "Here" in lexicon.who(chain.id, ADDRESS)
    assert "Here" not in lexicon.who(elsewhere, ADDRESS)

    lexicon = Lexicon(settings.model_copy(update={"labels": (here, everywhere)}))
    assert "Here" in lexicon.who(chain.id, ADDRESS)
    assert "Everywhere" in lexicon.who(elsewhere, ADDRESS)
