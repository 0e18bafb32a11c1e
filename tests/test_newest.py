"""What another version of torch changes is told, and nothing else."""

import copy
import json
import shutil

import pytest

from tools import newest
from tools.pages import ROOT

TABLE = '''"""T."""


def table():
    return "| loss | says |\\n| - | - |\\n| MSELoss | silent |\\n| L1Loss | warns |"
'''
BROKEN = '"""Broken.\n\n>>> 1\n2\n"""\n'
PAGE = """# T

```{.python .raises}
int("x")
```

```{.text .output}
ValueError: as it was
```

```python
assert n == 1
```

```{.python .raises}
"nothing"
```

```{.text .output}
UserWarning: as it was
```
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    files = {"snippets/a/t.py": TABLE, "snippets/a/broken.py": BROKEN}
    files |= {"docs/a.md": PAGE, "docs/b.md": "# No message\n\n```python\n1 / 0\n```\n"}
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(text)
    shutil.copy(ROOT / "mkdocs.yml", root)  # how pages are read
    return root


@pytest.fixture(scope="module")
def found(root):
    return newest.record(root)


def test_tables_messages_and_failures_are_recorded(found):
    import torch

    assert found["torch"] == torch.__version__
    assert list(found["tables"]) == ["snippets/a/t.py"]
    assert "| MSELoss | silent |" in found["tables"]["snippets/a/t.py"]
    assert "snippets/a/broken.py:3: a doctest fails" in found["failures"]
    # Of pages that show messages, what they show and no longer is; also blocks that fail.
    assert list(found["messages"]) == ["docs/a.md:4", "docs/a.md:12", "docs/a.md:16"]
    message, failure, silence = found["messages"].values()
    assert "Shown:\n    ValueError: as it was\nGot:\n    ValueError: invalid" in message
    assert "NameError: name 'n' is not defined" in failure
    assert "nothing was raised" in silence


def test_nothing_changed_is_nothing_told(found):
    assert newest.compare(found, json.loads(json.dumps(found))) == ""


def test_what_changed_is_told(found):
    after = copy.deepcopy(found) | {"torch": "9.9", "failures": "t.py:1: fails"}
    after["tables"] = {
        name: table.replace("silent", "refused")
        for name, table in after["tables"].items()
    }
    after["messages"] |= {
        "docs/a.md:4": "ValueError: no number",
        "docs/b.md:4": "fails",
    }
    report = newest.compare(found, after)
    assert report.startswith(f"torch 9.9 against {found['torch']}\n")
    changed = "- | MSELoss | silent |\n+ | MSELoss | refused |\n"
    assert f"`snippets/a/t.py`\n\n````diff\n{changed}````\n" in report
    assert "## `docs/a.md:4`\n\n````text\nValueError: no number\n````\n" in report
    assert "## `docs/b.md:4`\n\n````text\nfails\n````\n" in report
    assert "docs/a.md:12" not in report, "what is as before"
    assert "````text\nt.py:1: fails\n````" in report


def test_a_table_that_is_no_more_is_told(found):
    row = "- | L1Loss | warns |"
    assert row in newest.compare(found, found | {"tables": {}})
    assert row.replace("-", "+", 1) in newest.compare(found | {"tables": {}}, found)
