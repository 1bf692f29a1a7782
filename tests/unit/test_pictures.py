"""Pictures: what is drawn of data of any kind, and their words."""

import io
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from bot.cards import layout
from bot.cards.card import Card, Picture
from bot.charts.alt import ALT, alt
from bot.charts.draw import BACK, COLOURS, INK, QUIET, _lorenz, draw
from bot.charts.plots import Curve, Line, Lorenz, Panel, Plot, Trend, named
from bot.commands import power
from tests.desk import UNISWAP
from watchers.delegates import Snapshot
from watchers.governance.power import Holdings, measure

DAY_S = 86_400
HOSTILE = "$\\frac{$ \u202e_^ <@1> " + "long " * 40
CURVE = Curve(HOSTILE, ((0.0, 0.0), (0.5, 0.1), (1.0, 1.0)), 0.4, 4, 1)
LINE = Line(HOSTILE, ((0, 1.0), (DAY_S, None), (2 * DAY_S, float("nan")), (3 * DAY_S, 2.5), (10**30, 3.0)))
FULL: list[Plot] = [
    Lorenz(HOSTILE, (CURVE, CURVE)),
    Trend(HOSTILE, (Panel(HOSTILE, (LINE, LINE)), Panel("n", (LINE,), "count"), Panel("s", (LINE,), "share"))),
]
BARE: list[Plot] = [
    Lorenz("", ()),
    Lorenz("one", (Curve("one", ((0.0, 0.0), (1.0, 1.0)), 0.0, 1, 1),)),
    Trend("", ()),
    Trend("", (Panel("", (Line("", ()),)),)),
    Trend("one", (Panel("", (Line("", ((0, 0.0),)),), "count"),)),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("plot", [*FULL, *BARE], ids=lambda plot: type(plot).__name__)
def test_anything_becomes_a_picture_of_its_own_opaque_background(plot: Plot) -> None:
    image = Image.open(io.BytesIO(draw(plot)))
    assert image.width == 800
    assert 300 <= image.height <= 1100
    pixels = image.convert("RGBA")
    assert pixels.getpixel((1, image.height - 2)) == (*bytes.fromhex(BACK[1:]), 255)
    assert len(pixels.getcolors(1 << 20) or ()) > 5, "it is not blank"


@pytest.mark.parametrize("plot", [*FULL, *BARE], ids=lambda plot: type(plot).__name__)
def test_the_words_of_a_picture_fit_and_hold_nothing_invisible(plot: Plot) -> None:
    said = alt(plot)
    assert 1 <= len(said) <= ALT
    assert said.isprintable()


def test_the_words_say_the_numbers() -> None:
    assert alt(Lorenz("UNI", (Curve("delegates", CURVE.points, 0.931, 4_000, 11),))) == (
        "UNI. Lorenz curve. delegates: Gini 0.931, the 11 largest of 4,000 have more than half."
    )
    assert alt(Lorenz("UNI", (Curve("holders", CURVE.points, 0.5, 7, 1),))) == (
        "UNI. Lorenz curve. holders: Gini 0.500, the largest of 7 has more than half."
    )
    points = ((0, 0.4), (DAY_S, 0.9), (2 * DAY_S, 0.5))
    assert alt(Trend("T", (Panel("p", (Line("ten largest", points),), "share"),))) == (
        "T. ten largest: 40.0% on 1 Jan 1970 to 50.0% on 3 Jan 1970, lowest 40.0%, highest 90.0%."
    )
    assert alt(Lorenz("L", ())) == "L. Nothing to show yet."


@pytest.mark.parametrize(("few", "says"), [(1, "1 of 7 has half"), (2, "2 of 7 have half")])
def test_the_legend_says_how_few_have_half(few: int, says: str) -> None:
    figure = Figure()
    _lorenz(Lorenz("UNI", (Curve("holders", CURVE.points, 0.5, 7, few),)), figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_texts()[-1].get_text().endswith(f"\n{says}")


def test_a_name_is_cleaned_and_cut() -> None:
    assert named("\u202e\u0007a\u200bb") == "ab"
    assert named("") == "(no name)"
    assert len(named("x" * 1_000)) == 28


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_lines_and_letters_stand_out_from_the_background() -> None:
    """WCAG 2.2: 4.5 to 1 for letters, 3 to 1 for lines."""

    def contrast(colour: str) -> float:
        return (_light(colour) + 0.05) / (_light(BACK) + 0.05)

    assert min(contrast(colour) for colour in (INK, QUIET)) >= 4.5
    assert min(contrast(colour) for colour in COLOURS) >= 3


def test_the_curve_of_holdings_is_the_curve_that_gini_is_of() -> None:
    holdings = Holdings([1, 2, 3, 4, 10])
    curve = holdings.lorenz()
    assert [x for x, _ in curve] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert [y for _, y in curve] == pytest.approx([0, 0.05, 0.15, 0.3, 0.5, 1])
    area = sum((b[1] + a[1]) * (b[0] - a[0]) for a, b in pairwise(curve))
    assert 1 - area == pytest.approx(measure(holdings).gini)
    assert len(Holdings(range(1, 5_000)).lorenz()) == 201
    assert Holdings([7]).lorenz() == ((0.0, 0.0), (1.0, 1.0))


def test_a_trend_is_of_every_snapshot_that_is_kept() -> None:
    kept = [Snapshot(n, 2, n * DAY_S, 4, "5", 0.2 + n / 100, 0.31, 3 + n, 0.4, 0.9) for n in range(3)]
    said = alt(power.trend(UNISWAP, {"holders": kept[:2], "delegates": kept}))
    assert "Gini, holders: 0.200 on 1 Jan 1970 to 0.210 on 2 Jan 1970" in said
    assert "Gini, delegates: 0.200 on 1 Jan 1970 to 0.220 on 3 Jan 1970" in said
    assert "Nakamoto, delegates: 3 on 1 Jan 1970 to 5 on 3 Jan 1970" in said


def test_a_card_shows_its_pictures_with_their_words() -> None:
    card = Card(headline="h", pictures=(Picture("a.png", "w" * 2_000, b"png"),))
    (box,) = layout.view(card).to_components()  # type: ignore[no-untyped-call] # discord.py has no types here
    gallery = next(part for part in box["components"] if part["type"] == 12)
    (item,) = gallery["items"]
    assert item["media"]["url"] == "attachment://a.png"
    assert len(item["description"]) == 1024
    assert [file.filename for file in layout.files(card)] == ["a.png"]
    bare = layout.without_pictures(card)
    assert not bare.pictures
    assert "permission Attach Files" in bare.small


def test_the_bot_does_not_import_what_draws() -> None:
    code = "import sys, bot.app, bot.charts.studio; sys.exit('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False, timeout=60)  # noqa: S603 - fixed words
    assert done.returncode == 0


def test_the_command_draws_the_curve_into_a_file_and_its_output_stays_json(tmp_path: Path) -> None:
    sheet, picture = tmp_path / "holders.csv", tmp_path / "out.png"
    sheet.write_text("name,balance\na,1\nb,3\n")
    run = [sys.executable, "-m", "bot", "power", str(sheet), "--weight", "balance", "--json", "--picture"]
    done = subprocess.run([*run, str(picture)], capture_output=True, check=True, timeout=60)  # noqa: S603 - fixed words
    assert json.loads(done.stdout)["n"] == 2
    assert picture.read_bytes().startswith(b"\x89PNG")
    lost = subprocess.run([*run, str(tmp_path / "no" / "out.png")], capture_output=True, check=False, timeout=60)  # noqa: S603 - fixed words
    assert lost.returncode == 2
    assert b"name a file that can be written" in lost.stderr
