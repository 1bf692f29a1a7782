"""What the papers say is there: commands, targets, variables, metrics, links, tests. Nothing of a machine is."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import app_commands

from bot.__main__ import parser
from bot.desk import Desk
from bot.tree import assemble
from config.settings import Runtime, load
from watchers.wings import PROTOCOLS

ROOT = Path(__file__).parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
PICTURES = "docs/images/"
# made by an example of the papers, not shipped
EXAMPLES = {
    "bot/commands/who.py",
    "tests/unit/test_who.py",
}

each_paper = pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_of(paper: Path) -> str:
    """Everything that stands in back-ticks or in a fence."""
    text = paper.read_text(encoding="utf-8")
    return "\n".join([*FENCE.findall(text), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    first = re.search(r"(?:^\|.*\n)+", section + "\n", re.MULTILINE)
    rows = [line.strip("|").split("|") for line in first[0].splitlines()] if first else []
    return [[cell.strip() for cell in row] for row in rows[2:]]


def tracked() -> list[Path]:
    try:
        asked = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
        found = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True, timeout=30)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone")
    return [ROOT / name for name in found.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@each_paper
def test_every_command_that_a_paper_names_exists(paper: Path) -> None:
    chosen = next(action for action in parser()._actions if action.dest == "command")
    known = set(chosen.choices or ())
    named = {word for words in re.findall(r"-m bot ([a-z]+)", code_of(paper)) for word in words.split()}
    assert named <= known


@each_paper
def test_every_option_that_a_paper_gives_to_a_command_is_taken(paper: Path) -> None:
    for line in re.findall(r"-m bot ([a-z]+[^#`\n|]*)", code_of(paper)):
        words = line.replace("FILE...", "FILE").split()
        if words[0] == "replay" and "--chain" not in words:
            words += ["--chain", "1"]
        parser().parse_args(["replay", "FILE", *words[1:]] if words == ["replay"] else words)


@each_paper
def test_every_make_target_that_a_paper_names_exists(paper: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", code_of(paper))) <= known


def test_the_targets_of_ci_exist() -> None:
    known = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    for file in (".github/workflows/ci.yml", ".ci/run"):
        named = set(re.findall(r"^\s*(?:- run: )?make ([a-z]+)", text_of(file), re.MULTILINE))
        assert named == {"check", "test"}
        assert named <= known


def test_the_environment_table_is_what_the_settings_read() -> None:
    rows = {row[0].strip("`"): row[1].strip("`") for row in table(text_of("docs/operations.md"), "Environment")}
    assert set(rows) == {name.upper() for name in Runtime.model_fields}
    for name, field in Runtime.model_fields.items():
        if field.default is not None and name != "config_dir":
            assert rows[name.upper()] == str(field.default), name


def test_the_variables_of_the_shipped_chains_are_in_the_papers_and_the_example() -> None:
    chains = tomllib.loads(text_of("config/chains.toml"))
    needed = {end[4:] for chain in chains.values() for end in chain["endpoints"] if end.startswith("env:")}
    example = set(re.findall(r"^([A-Z_]+)=", text_of(".env.example"), re.MULTILINE))
    assert needed <= set(re.findall(r"`([A-Z_]+)`", text_of("docs/operations.md")))
    assert needed <= example
    assert example - needed <= {name.upper() for name in Runtime.model_fields}


def test_every_metric_is_explained_and_every_explained_metric_exists() -> None:
    made = set(re.findall(r'"(tribune_[a-z_]+)"', text_of("bot/vitals.py")))
    told = set(re.findall(r"^\| `(tribune_[a-z_]+)` \|", text_of("docs/operations.md"), re.MULTILINE))
    assert told == made


def offered() -> dict[str, app_commands.Command[Any, ..., Any] | app_commands.Group]:
    """The slash commands that the bot offers."""
    client = discord.Client(intents=discord.Intents.none())
    tree = app_commands.CommandTree(client)
    assemble(client, tree, cast("Desk", SimpleNamespace(settings=load(environ={}, dotenv=None), protocols=PROTOCOLS)))
    return {one.name: one for one in tree.get_commands() if not isinstance(one, app_commands.ContextMenu)}


def options() -> dict[str, set[str]]:
    """The options of every command and subcommand, by its whole name."""
    found = {}
    for command in offered().values():
        for one in command.walk_commands() if isinstance(command, app_commands.Group) else [command]:
            if isinstance(one, app_commands.Command):
                found[one.qualified_name] = {parameter.display_name for parameter in one.parameters}
    return found


async def test_the_table_of_commands_is_what_the_bot_offers() -> None:
    told = {re.findall(r"/([a-z]+)", row[0])[0] for row in table(text_of("README.md"), "Commands")}
    assert told == set(offered())


async def test_every_option_of_every_command_is_explained_to_moderators_and_none_that_is_not_there() -> None:
    paper = text_of("docs/moderators.md")
    rows = re.findall(r"^\| `/([a-z ]+)` \| ((?:\\\||[^|])+) \|", paper, re.MULTILINE)
    told = {name: set(re.findall(r"`([a-z_]+)`", cell)) for name, cell in rows}
    told["alerts add"] = {row[0].split("`")[1] for row in table(paper, "What a channel hears: `/alerts`")}
    assert told == options()


async def test_every_example_of_a_command_is_one_that_discord_would_take() -> None:
    known = options()
    examples = re.findall(
        r"(?:^|`)/([a-z ]+?)((?: [a-z_]+:[^ `\n]+)*)(?=`|$)", text_of("docs/moderators.md"), re.MULTILINE
    )
    shown = [(name, set(re.findall(r" ([a-z_]+):", given))) for name, given in examples if given]
    assert {name for name, _ in shown} == {name for name in known if known[name]}
    for name, given in shown:
        assert given <= known[name], name


def test_the_invitation_asks_for_exactly_the_permissions_that_the_table_names() -> None:
    readme = text_of("README.md")
    rows = re.findall(r"^ +\| ([A-Z][\w ,]+?) \| ", readme, re.MULTILINE)
    named = {name.strip().lower().replace(" ", "_") for row in rows for name in row.split(",")}
    assert len(named) == 7
    wanted = discord.Permissions(**dict.fromkeys(named, True))
    assert re.findall(r"permissions=(\d+)", readme) == [str(wanted.value)]


@each_paper
def test_every_link_arrives(paper: Path) -> None:
    text = FENCE.sub("", paper.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        place = (paper.parent / name).resolve() if name else paper
        if str(place.relative_to(ROOT)).startswith(PICTURES) and not (ROOT / PICTURES).is_dir():
            continue  # the pictures are taken from the running demo, all together
        assert place.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


@each_paper
def test_every_file_that_a_paper_names_exists(paper: Path) -> None:
    named = set(re.findall(r"`((?:config|watchers|bot|sandbox|tests|docs|bench)/[\w./-]*)`", paper.read_text("utf-8")))
    assert {name for name in named - EXAMPLES if not (ROOT / name).exists()} == set()


@each_paper
def test_every_test_that_a_paper_names_exists(paper: Path) -> None:
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^ *(?:async )?def (test_\w+)", written, re.MULTILINE))
    there |= {file.stem for file in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"(?<!def )\b(test_\w+)", paper.read_text("utf-8")))
    shown = set(re.findall(r"def (test_\w+)", paper.read_text("utf-8")))
    assert named - shown - there - {Path(name).stem for name in EXAMPLES} == set()


def test_every_decision_is_listed_and_has_its_three_parts() -> None:
    listed = text_of("docs/adr/README.md")
    for file in sorted((ROOT / "docs/adr").glob("0*.md")):
        assert f"({file.name})" in listed
        assert re.findall(r"^## (.+)$", file.read_text("utf-8"), re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))
    told = text_of("docs/adr/0002-libraries.md")
    for wanted in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"]):
        name = re.split(r"[\[=;]", wanted)[0]
        assert name.startswith("types-") or re.search(rf"\| .*\b{re.escape(name)}\b.* \|", told), name


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_carries_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text_of(lock), flags=re.MULTILINE).strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_the_image_installs_with_the_same_uv_as_the_makefile() -> None:
    (made,) = re.findall(r"^UV_VERSION := (\S+)", text_of("Makefile"), re.MULTILINE)
    assert re.findall(r"^ARG UV_VERSION=(\S+)", text_of("Dockerfile"), re.MULTILINE) == [made]


def test_the_repository_names_no_index_and_no_place_of_a_machine() -> None:
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    folders = ["/" + name + "/" for name in ("work", "root", "home", "Users")]
    beside = "../" + "shared"
    # not after a word, a dot or a slash: that is a path inside something else, or a URL
    machine = re.compile(rf"(?<![\w.$/}}\]*-])(?:{'|'.join(map(re.escape, folders))})")
    for name, text in texts():
        for host in hosts:
            assert host not in text, f"{name}: {host}"
        assert machine.findall(text) == [], name
        assert name.startswith(("tests/", "bench/")) or beside not in text, f"{name}: {beside}"
