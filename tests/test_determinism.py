"""A build depends on the sources, and on nothing else."""

import filecmp
import shutil

from tests.conftest import due, mkdocs_build
from tools.artefacts import find
from tools.pages import ROOT

PARTS = 8


def test_a_build_from_empty_caches_is_identical(site, tmp_path):
    """Elsewhere, later, with nothing stored: the same bytes.

    The snippets of an eighth of the folders run again, and an eighth of the pages is
    rendered again; the others are taken from the first build.
    """
    root = tmp_path / "elsewhere"
    for name in ("docs", "snippets", "tests", "tools"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("mkdocs.yml", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, root)
    snippets = find()
    folders = sorted({s.path.parent for s in snippets})
    again = {s.name for s in snippets if due(folders.index(s.path.parent), PARTS)}
    for kind in ("artefacts", "pages", "search"):
        stored = root / ".cache" / kind
        stored.mkdir(parents=True)
        for i, path in enumerate(sorted((ROOT / ".cache" / kind).iterdir())):
            name = path.name.rpartition(".")[0]  # of an artefact; its key follows
            if name not in again if kind == "artefacts" else not due(i, PARTS):
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
