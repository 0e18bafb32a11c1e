"""A build depends on the sources, and on nothing else."""

import filecmp
import shutil

from tests.conftest import mkdocs_build
from tools.pages import ROOT


def test_a_build_from_empty_caches_is_identical(site, tmp_path):
    """Elsewhere, later, with nothing stored: the same bytes."""
    root = tmp_path / "elsewhere"
    for name in ("docs", "snippets", "tools"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "mkdocs.yml", root)
    result = mkdocs_build(root, root / "site")
    assert result.returncode == 0, result.stdout
    files, others = (
        sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        for folder in (site, root / "site")
    )
    assert files == others
    _, different, errors = filecmp.cmpfiles(site, root / "site", files, shallow=False)
    assert not different + errors
