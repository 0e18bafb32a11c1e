"""A build depends on the sources, and on nothing else."""

import filecmp
import hashlib
import shutil

from tests.conftest import mkdocs_build
from tools.artefacts import find
from tools.pages import ROOT

PARTS = 8


def test_a_build_from_empty_caches_is_identical(site, tmp_path):
    """Elsewhere, later, with nothing stored: the same bytes.

    Snippets take most of a build. An eighth of them run again, the others are taken from
    the first build; each change of any snippet moves on to another eighth.
    """
    root = tmp_path / "elsewhere"
    for name in ("docs", "snippets", "tools"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "mkdocs.yml", root)
    snippets = find()
    sources = hashlib.sha256("".join(s.key for s in snippets).encode())
    turn = int(sources.hexdigest(), 16)
    again = {s.name for i, s in enumerate(snippets) if (i + turn) % PARTS == 0}
    stored = root / ".cache/artefacts"
    stored.mkdir(parents=True)
    for path in (ROOT / ".cache/artefacts").iterdir():
        if path.name.rpartition(".")[0] not in again:
            shutil.copy(path, stored)

    result = mkdocs_build(root, root / "site")
    assert result.returncode == 0, result.stdout
    assert f"running {len(again)} of {len(snippets)} snippets" in result.stdout
    files, others = (
        sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        for folder in (site, root / "site")
    )
    assert files == others
    _, different, errors = filecmp.cmpfiles(site, root / "site", files, shallow=False)
    assert not different + errors
