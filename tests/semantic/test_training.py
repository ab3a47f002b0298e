"""``train``: what a network, a model and a derived network say of how they are trained."""

import re
from pathlib import Path

import pytest
from commands import seqdsl_command
from hypothesis import given, settings
from networks import ROOT, codes, compiled, findings
from programs import programs

import seqdsl
from seqdsl.graph.dump import dump
from seqdsl.graph.recipe import ABOUT, RECIPES, SETTINGS, Training, conflict, problem, spell
from seqdsl.source.text import Source
from seqdsl.syntax.format import format_source

BASE = """network Base(classes = 10, epochs = 100) {
  train cifar {
    epochs = epochs if classes == 10 else 2*epochs
    lr = 1/20
  }
  input 3x8x8
  conv 3x3, 8
  global_average_pool
  fc classes
}
"""


def training(folder: Path, text: str, name: str = "Base", **params: int) -> Training:
    found = compiled(folder, text, name, **params).training
    assert found is not None
    return found


def network(statements: str) -> str:
    return f"network N(n = 2) {{\n  input 3x8x8; conv 3x3, n\n{statements}\n}}\n"


def test_settings_are_worked_out_by_the_parameters(tmp_path: Path) -> None:
    found = training(tmp_path, BASE)
    assert found.recipe == "cifar" and found.settings == {"epochs": 100, "lr": 0.05}
    assert type(found.settings["epochs"]) is int and type(found.settings["lr"]) is float
    # parameters that are given void claims, and no recipe
    assert training(tmp_path, BASE, classes=100).settings["epochs"] == 200


def test_a_list_or_a_range_of_milestones_is_a_tuple(tmp_path: Path) -> None:
    for value, made in (("[n, 2*n]", (2, 4)), ("1..n + 1", (1, 2, 3)), ("[]", ())):
        found = training(tmp_path, network(f"train {{ milestones = {value} }}"), "N")
        assert found.recipe is None and found.settings == {"milestones": made}


def test_a_network_without_one_says_nothing(tmp_path: Path) -> None:
    assert compiled(tmp_path, network("")).training is None
    assert compiled(tmp_path, network("train digits")).training is not None


def test_a_model_says_more_over_its_network(tmp_path: Path) -> None:
    text = BASE + "model M = Base(classes=100) { train digits { lr = 1; gamma = 0.5 } }\n"
    found = training(tmp_path, text, "M")
    assert found.recipe == "digits"
    assert found.settings == {"epochs": 200, "lr": 1, "gamma": 0.5}
    assert {name: span.text for name, span in found.places.items()} == {
        "epochs": "epochs if classes == 10 else 2*epochs", "lr": "1", "gamma": "0.5",
    }  # fmt: skip
    assert found.span.text.startswith("train digits")


def test_a_model_keeps_the_recipe_that_it_does_not_name(tmp_path: Path) -> None:
    text = BASE + "model M = Base() { train { batch = epochs // 3 } }\n"
    found = training(tmp_path, text, "M")
    assert found.recipe == "cifar" and found.settings["batch"] == 33
    assert codes(tmp_path, text) == []


@pytest.mark.parametrize("base", ["Base", "M"])
def test_a_derived_network_inherits_it(tmp_path: Path, base: str) -> None:
    """Unlike claims; a model's, too."""
    text = f"""{BASE}model M = Base(epochs=50) {{ train {{ gamma = 0.2 }} }}
    network D(k = 4) = {base} with {{
      replace conv(kernel, width) {{ conv kernel, width + k }}
      train {{ lr = k/10 }}
    }}
    network E = D with {{ train imagenet }}
    """
    mine = {"gamma": 0.2} if base == "M" else {}
    epochs = 50 if base == "M" else 100
    derived, again = training(tmp_path, text, "D"), training(tmp_path, text, "E")
    assert derived.recipe == "cifar" and again.recipe == "imagenet"
    assert derived.settings == again.settings == {"epochs": epochs, "lr": 0.4, **mine}


def test_later_statements_come_over_earlier_ones(tmp_path: Path) -> None:
    lines = "train cifar { lr = 0.2; batch = 8 }\nif n == 2 { train { lr = 0.3 } } else { relu }"
    found = training(tmp_path, network(lines), "N")
    assert (found.recipe, found.settings) == ("cifar", {"lr": 0.3, "batch": 8})


def test_no_graph_is_changed(tmp_path: Path) -> None:
    with_it, without = (
        compiled(tmp_path, BASE),
        compiled(tmp_path, re.sub(r"  train[^}]*}\n", "", BASE)),
    )
    assert with_it.training is not None and without.training is None
    assert dump(with_it) == dump(without)


@settings(max_examples=25)
@given(programs())
def test_no_graph_of_any_program_is_changed(tmp_path_factory, text: str) -> None:
    folder = tmp_path_factory.mktemp("training")
    bare = re.sub(r"^  train .*\n", "", text, flags=re.MULTILINE)
    assert dump(compiled(folder, text)) == dump(compiled(folder, bare))


# --- what is refused


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ("train cifr", "unknown-recipe", "cifr"),
        ("train { epoch = 3 }", "unknown-recipe", "epoch"),
        ("train { lr = 1; batch = 4; lr = 2 }", "duplicate-argument", "lr = 2"),
        ("train { epochs = n - 2 }", "bad-setting", "n - 2"),
        ("train { epochs = 3/2 }", "bad-setting", "3/2"),
        ("train { lr = -0.1 }", "bad-setting", "-0.1"),
        ("train { lr = it }", "bad-setting", "it"),
        ("train { lr = relu }", "bad-setting", "relu"),
        ("train { batch = none }", "bad-setting", "none"),
        ("train { milestones = 3 }", "bad-setting", "3"),
        ("train { milestones = [1.5] }", "bad-setting", "[1.5]"),
        ("train { milestones = [0, 2] }", "bad-setting", "[0, 2]"),
        ("train { milestones = [[2]] }", "bad-setting", "[[2]]"),
        ("train { epochs = 5; milestones = [5] }", "bad-setting", "[5]"),
        ("train digits { milestones = [40] }", "bad-setting", "[40]"),
        ("train { epochs = m }", "undefined-name", "m"),
        ("train { epochs = 1/(n - 2) }", "division-by-zero", "n - 2"),
        ("stage s { train digits }", "train-place", "train digits"),
        ("repeat x 2 { train { lr = 1 }; relu }", "train-place", "train"),
        ("train { lr = 1e30 }", "integer-range", "1e30"),
        (f"train {{ milestones = [{'1, ' * 10_000}1] }}", "repeat-limit", "["),
        ("train { milestones = 1..1000000 }", "repeat-limit", "1..1000000"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, line: str, code: str, place: str) -> None:
    (found,) = findings(tmp_path, network(line))
    assert found.code.name == code and found.primary is not None
    assert found.primary.span.text.startswith(place)


@pytest.mark.parametrize(
    "line",
    [
        "train digits { epochs = 1 }",  # its milestones go along
        "train { milestones = [500] }",  # of which recipe is not known
        "train { epochs = 1000000000000000000 }",
        "train {}",
        "train digits { lr = 1e-30 }",
    ],
)
def test_what_is_not(tmp_path: Path, line: str) -> None:
    assert codes(tmp_path, network(line)) == []


def test_settings_of_two_places_that_don_t_go_together(tmp_path: Path) -> None:
    """Each is right where it stands: the finding is about the network of both."""
    text = BASE + "model M = Base() { train { milestones = [50, 120] } }\n"
    (found,) = findings(tmp_path, text)
    assert found.primary is not None and found.primary.span.text == "[50, 120]"
    assert [label.span.text for label in found.secondary] == [
        "epochs if classes == 10 else 2*epochs"
    ]
    mended = text.replace("Base()", "Base(epochs=121)")
    assert codes(tmp_path, mended) == []


def test_every_mistake_of_a_statement_is_told_at_once(tmp_path: Path) -> None:
    text = network("train cifer {\n lr = 0\n momentum = 1\n epochs = q\n bach = 3\n}")
    assert sorted(codes(tmp_path, text)) == [
        "bad-setting", "bad-setting", "undefined-name", "unknown-recipe", "unknown-recipe",
    ]  # fmt: skip


def test_a_mistake_in_a_recipe_leaves_what_flows(tmp_path: Path) -> None:
    text = network("train { lr = 0 }\nconv 3x3, n - 2")
    assert codes(tmp_path, text) == ["bad-setting", "not-positive"]


# --- the word


def test_it_names_nothing_else(tmp_path: Path) -> None:
    """As `stage` and `expect` do not."""
    for text in ("block train { relu }\n", network("train = 3"), "network N(train) { }\n"):
        (found,) = findings(tmp_path, text)
        assert found.help == "`train` is a word of the language: choose another name"


@pytest.mark.parametrize(
    ("line", "help", "mended"),
    [
        ("trian digits { lr = 1 }", "did you mean `train`?", "train digits { lr = 1 }"),
        ("train digits { lr: 1 }", "a setting is given with `=`: `lr = ...`",
         "train digits { lr = 1 }"),
        ("train { lr = 1, batch = 2 }", "a setting has a line of its own, or ends in `;`",
         "train { lr = 1; batch = 2 }"),
        ('train "digits"', "a recipe is named without quotes", "train digits"),
        ("train digits lr=1", "settings stand in braces: `train cifar { epochs = 200 }`", None),
        ("train digits, lr=1", "settings stand in braces: `train cifar { epochs = 200 }`", None),
        ("train(digits)", "a layer's arguments follow its name: `train ...`", "train digits"),
    ],
)  # fmt: skip
def test_slips(tmp_path: Path, line: str, help: str, mended: str | None) -> None:
    text = network(line)
    (found,) = findings(tmp_path, text)
    assert found.help == help and (found.fix is None) == (mended is None)
    if found.fix is not None and mended is not None:
        for edit in reversed(found.fix.edits):
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        assert text == network(mended)
        assert codes(tmp_path, text) == []


# --- formatted, and written out


def test_it_is_formatted() -> None:
    made = format_source(Source("n.seq", network("train  cifar {lr=0.1;milestones=[1,2]}")))
    assert "\n  train cifar { lr = 0.1; milestones = [1, 2] }\n" in made
    assert format_source(Source("n.seq", made)) == made


@pytest.mark.parametrize(
    "lines",
    [
        "train digits",
        "train {}",
        "train { epochs = 1234567; lr = 1/3; milestones = [] }",
        "train cifar { milestones = 1..9; weight_decay = 1e-20; gamma = 0.1234567 }",
        "train cifar { epochs = n }\ntrain imagenet { batch = 2*n }",
    ],
)
def test_expanded_it_says_the_same(tmp_path: Path, lines: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(network(lines))
    before = training(tmp_path, path.read_text(), "N")
    path.write_text(seqdsl.expand(path))
    after = training(tmp_path, path.read_text(), "N")
    assert (after.recipe, after.settings) == (before.recipe, before.settings)


def test_the_command_writes_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(BASE)
    done = seqdsl_command("expand", path, "-D", "classes=100")
    assert "  train cifar {\n    epochs = 200\n    lr = 0.05\n  }\n" in done.out


# --- recipes


def test_recipes_are_in_order() -> None:
    for recipe in RECIPES.values():
        assert conflict(recipe) is None
        assert not [name for name in SETTINGS if problem(name, getattr(recipe, name))]
    assert set(ABOUT) == {*RECIPES, *SETTINGS}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 10**18])
def test_milestones_go_along_with_the_epochs(recipe: str, epochs: int) -> None:
    changed = RECIPES[recipe].with_settings({"epochs": epochs})
    assert conflict(changed) is None and problem("milestones", changed.milestones) is None


def test_the_documents_table_is_the_recipes() -> None:
    page = (ROOT / "docs" / "language.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \| (.*) \| (.*) \|$", page, re.MULTILINE)
    told = {name: cells for name, *cells in rows if name in SETTINGS}
    listed = [RECIPES[name] for name in ("cifar", "imagenet", "digits")]
    assert told == {
        name: [spell(getattr(recipe, name)).strip("[]") for recipe in listed] for name in SETTINGS
    }
