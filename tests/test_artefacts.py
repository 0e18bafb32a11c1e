"""Snippets are run once per content, and a failure leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import artefacts
from tools.artefacts import ArtefactError, build, find
from tools.pages import ROOT

TABLE = 'def table():\n    return "| a |\\n| - |\\n| 1 |"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "snippets").mkdir()
    return tmp_path


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / "snippets" / f"{name}.py").write_text(text)


def run(root: Path) -> tuple[dict[str, str], list[str]]:
    lines: list[str] = []
    return build(find(root), root / "cache", root, lines.append), lines


def test_results_are_stored_and_not_run_again(root):
    write(root, t=TABLE, plain="x = 1\n")
    results, lines = run(root)
    assert results == {"t.md": "| a |\n| - |\n| 1 |\n"}
    assert lines[0] == "running 2 of 2 snippets"
    assert lines[1].startswith("1/2 snippets/")
    assert run(root) == (results, [])


def test_examples_that_ran_are_counted_and_stored(root):
    code = '"""Doc.\n\n>>> x = 1\n>>> x\n1\n>>> 1 / 0  # doctest: +SKIP\n"""\n\n\n'
    code += 'def f():\n    """More.\n\n    >>> f()\n    """\n'
    write(root, a=code, none="x = 1\n")
    assert run(root)[0] == {"a.examples": "3"}
    assert run(root) == ({"a.examples": "3"}, [])


def test_figure_becomes_svg_without_a_date(root):
    code = (
        "import matplotlib.pyplot as plt\n\n\ndef figure():\n"
        "    fig, ax = plt.subplots()\n    ax.plot([1, 2])\n    return fig\n"
    )
    write(root, f=code)
    results = run(root)[0]
    assert set(results) == {"f.svg", "f.html"}
    assert all("</svg>" in text and "date" not in text for text in results.values())
    (root / "cache").rename(root / "old")
    assert run(root)[0] == results


def test_chance_is_the_same_every_time(root):
    code = 'import torch\n\n\ndef table():\n    return f"| {torch.rand(1).item()} |\\n| - |"\n'
    write(root, t=code)
    first, _ = run(root)
    (root / "cache").rename(root / "old")
    assert run(root)[0] == first


def test_each_snippet_of_a_folder_is_made_as_if_it_were_the_first(root):
    code = (
        "import torch\nimport matplotlib.pyplot as plt\n\n\ndef table():\n"
        "    chance, size = torch.rand(1).item(), plt.rcParams['font.size']\n"
        "    plt.rcParams['font.size'] = 99\n"
        "    return f'| {chance} {size} {plt.get_fignums()} |\\n| - |'\n"
    )
    write(root, a=code, b=code)
    results, _ = run(root)
    assert results["a.md"] == results["b.md"]


def test_key_covers_imported_snippets_and_nothing_else(root):
    write(root, a="x = 1\n", b="from snippets.a import x\n", other="z = 1\n")
    write(root, t="from snippets.b import x\n" + TABLE)
    keys = {s.name: s.key for s in find(root)}
    write(root, a="x = 2\n")
    changed = {s.name for s in find(root) if s.key != keys[s.name]}
    assert changed == {"snippets.a", "snippets.b", "snippets.t"}


@pytest.mark.parametrize("part", range(6))
def test_key_covers_the_environment(root, monkeypatch, part):
    write(root, t=TABLE)
    (before,) = find(root)
    parts = list(artefacts._environment())
    parts[part] += "x"
    monkeypatch.setattr(artefacts, "_environment", lambda: tuple(parts))
    (after,) = find(root)
    assert before.key != after.key


def test_key_of_a_notebook_covers_the_snippets_that_it_imports(root):
    write(root, a="x = 1\n", b="from snippets.a import x\n", other="z = 1\n")
    text = "from snippets.b import x"
    before = artefacts.key_of_text(text, find(root))
    write(root, other="z = 2\n")
    assert artefacts.key_of_text(text, find(root)) == before
    write(root, a="x = 2\n")
    assert artefacts.key_of_text(text, find(root)) != before
    assert artefacts.key_of_text(text + " ", find(root)) != before


def test_snippets_that_import_each_other_end(root):
    write(root, a="import snippets.b\n", b="import snippets.a\n")
    assert len(find(root)) == 2


BAD = {
    "doctest": (
        '"""Doc.\n\n>>> 1 + 1\n3\n"""\n',
        r"snippets/bad.py:3: a doctest fails\n    1 \+ 1\nexpected:\n    3\ngot:\n    2",
    ),
    "raising doctest": (
        '"""Doc.\n\n>>> 1 / 0\n3\n"""\n',
        r"snippets/bad.py:3: a doctest fails\n(?s:.*)ZeroDivisionError",
    ),
    "raising table": (
        "def table():\n    return str(1 / 0)\n",
        r"snippets/bad.py:2: return str\(1 / 0\)\n    ZeroDivisionError",
    ),
    "wrong type": (
        "def figure():\n    return 1\n",
        r"returns a matplotlib Figure, got",
    ),
    "warning": (
        "import warnings\nwarnings.warn('careful')\n",
        r"snippets/bad.py:2: .*\n    UserWarning: careful",
    ),
    "foreign colour": (
        "import matplotlib.pyplot as plt\n\n\ndef figure():\n"
        "    fig, ax = plt.subplots()\n    ax.plot([1], color='red')\n    return fig\n",
        r"snippets/bad.py\n    tools.svg.PaletteError: colour #ff0000 is not in the pal",
    ),
    "syntax": ("x = = 1\n", r"snippets/bad.py:1: invalid syntax"),
    "no such snippet": (
        "import snippets.no\n",
        r"snippets/bad.py:1: there is no snippet",
    ),
    "two verbs": (
        TABLE + "def figure(): ...\n",
        r"snippets/bad.py: define figure\(\) or",
    ),
    "death": ("import os\nos._exit(1)\n", r"snippets/bad.py: a worker process died"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_failure_names_the_line(root, name):
    code, message = BAD[name]
    write(root, bad=code)
    with pytest.raises(ArtefactError, match=message):
        run(root)
    assert not list((root / "cache").glob("*")), "a failure is not stored"


def test_all_failures_are_reported_and_the_others_stored(root):
    write(root, a="1 / 0\n", b="1 / 0\n", t=TABLE)
    with pytest.raises(ArtefactError, match=r"(?s)snippets/a.py:1.*snippets/b.py:1"):
        run(root)
    assert [p.name[:10] for p in (root / "cache").iterdir()] == ["snippets.t"]


@pytest.mark.parametrize("damage", [b"", b"half", b"\xff\xfe", None])
def test_a_damaged_result_is_made_again(root, damage):
    write(root, t=TABLE)
    results, _ = run(root)
    (stored,) = (root / "cache").iterdir()
    content = stored.read_bytes()
    stored.write_bytes(content[:-3] if damage is None else damage)
    assert run(root)[0] == results
    assert stored.read_bytes() == content


def test_stale_results_are_pruned(root):
    write(root, t=TABLE)
    run(root)
    write(root, t=TABLE.replace("1", "2"))
    run(root)
    assert len(list((root / "cache").iterdir())) == 1


BUILD = (
    "import sys; sys.path.insert(0, {code!r})\n"
    "from pathlib import Path\n"
    "from tools.artefacts import build, find\n"
    "if __name__ == '__main__':\n"
    "    root = Path({root!r})\n"
    "    print(sorted(build(find(root), Path({cache!r}), root)))\n"
)


def start(root: Path) -> subprocess.Popen:
    script = root / "build.py"
    script.write_text(
        BUILD.format(code=str(ROOT), cache=str(root / "cache"), root=str(root))
    )
    return subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, start_new_session=True
    )


def test_two_builds_at_once(root):
    for i in range(4):
        write(root, **{f"t{i}": TABLE})
    builds = [start(root), start(root)]
    for process in builds:
        out, _ = process.communicate(timeout=60)
        assert out == b"['t0.md', 't1.md', 't2.md', 't3.md']\n"
    assert len(list((root / "cache").iterdir())) == 4


def test_an_interrupted_build_leaves_whole_results_only(root):
    write(root, quick=TABLE)
    slow = root / "snippets/folder/slow.py"
    slow.parent.mkdir()
    slow.write_text("import time\ntime.sleep(60)\n")
    process = start(root)
    deadline = time.monotonic() + 30
    while not list((root / "cache").glob("snippets.quick*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    slow.write_text("")
    assert run(root)[0] == {"quick.md": "| a |\n| - |\n| 1 |\n"}
