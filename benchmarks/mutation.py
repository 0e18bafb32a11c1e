"""How many small faults planted in the snippets their tests notice.

    .venv/bin/python benchmarks/mutation.py [--sample N | --all] [--snippet PATH]

Takes mutants of the snippets that readers copy (not of figures, tables, experiments and
their parts), each snippet in proportion to how many it has, and runs against each what
looks after the snippet: its doctests, the tests of its page, the blocks of the page and
the fuzzer. A mutant that makes any of them fail, or run for too long, is killed; one
that does not has survived. Mutants that are no fault are listed in mutation.toml, with
the reason, and not counted. `--seed` draws others, `--jobs` is how many run at once.

All of it happens in copies of the project. One process imports torch, and each run is a
fork of it.
"""

import argparse
import importlib
import math
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ["docs", "snippets", "tools", "tests", "benchmarks", "conftest.py"]
SOURCES += ["pyproject.toml", "mkdocs.yml", "requirements.txt", "LICENSE", "Makefile"]
SOURCES += ["README.md", "CONTRIBUTING.md"]
SAMPLE = 800
PRELOAD = ["torch", "torch._dynamo", "matplotlib.pyplot", "sklearn.datasets", "pytest"]
PRELOAD += ["scipy.stats", "hypothesis", "torch.testing", "doctest", "mkdocs"]
# Rewritten assertions tell more when they fail, which nobody reads here.
OPTIONS = ["-x", "-q", "--assert=plain", "--tb=no", "-p", "no:xdist"]
# Parts of experiments: a change of them alone makes the stored results of other code.
PARTS = "evidence/"
FUZZ = "tests/test_fuzz.py"
LATE = -1
UNUSABLE = {3, 4, 5, 70}  # an error of pytest, wrong use, no tests, an error of ours


class MutationError(Exception):
    """The tests fail without a mutant, or the list of equivalents is out of date."""


@dataclass(frozen=True)
class Trial:
    """One mutant of one snippet, and whether it was killed."""

    path: str
    mutant: Mutant
    killed: bool = False


def copy_sources(root: Path) -> None:
    """Copy the project, without what was built or stored."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, root / name, ignore=ignored)
        else:
            shutil.copy(source, root / name)


def copyable(root: Path) -> list[str]:
    """Paths, relative to `root`, of the snippets that draw and tabulate nothing."""
    sys.path.insert(0, str(root))
    from tools.artefacts import find

    snippets = [s for s in find(root) if not s.verb and not s.place.startswith(PARTS)]
    found = [str(snippet.path.relative_to(root)) for snippet in snippets]
    sys.path.remove(str(root))
    for name in [name for name in sys.modules if name.split(".")[0] == "tools"]:
        del sys.modules[name]  # each run imports those of its own copy
    return found


def page_of(path: str) -> str:
    """The page that owns a snippet, as `losses/regression`."""
    return Path(path).parent.relative_to("snippets").as_posix()


def phases(paths: list[str], root: Path) -> list[list[str]]:
    """What looks after snippets of a page, as arguments of pytest, quickest first."""
    page = page_of(paths[0])
    section, _, name = page.rpartition("/")
    tests = f"tests/{section}/test_{name}.py"
    found = [
        [*paths, tests] if (root / tests).is_file() else paths,
        [f"docs/{page}.md"],
    ]
    fuzzed = (root / FUZZ).read_text("utf-8")
    names = [stem for path in paths if f'"{(stem := Path(path).stem)}": ' in fuzzed]
    return [*found, [FUZZ, "-k", " or ".join(names)]] if names else found


def without_equivalents(path: str, root: Path) -> list[Mutant]:
    """The mutants of a snippet that are faults.

    Raises:
        MutationError: An entry of mutation.toml for this snippet matches no mutant.
    """
    listed = tomllib.loads((root / "benchmarks/mutation.toml").read_text("utf-8"))
    entries = {(e["old"], e["new"]) for e in listed.get(path, [])}
    found = mutants((root / path).read_text("utf-8"))
    if stale := entries - {(m.old, m.new) for m in found}:
        old, new = sorted(stale)[0]
        raise MutationError(
            f"benchmarks/mutation.toml: {path} has no mutant of {old!r} to {new!r}; "
            "correct the entry, or remove it"
        )
    return [m for m in found if (m.old, m.new) not in entries]


def sample(trials: list[Trial], size: int, seed: int) -> list[Trial]:
    """So many of the trials: every k-th, those of a snippet in random order."""
    chance = random.Random(seed)
    mixed = sorted(trials, key=lambda trial: (trial.path, chance.random()))
    step = max(len(mixed) / size, 1)
    offset = chance.random() * step
    picked = (int(offset + i * step) for i in range(len(mixed)))
    return [mixed[i] for i in picked if i < len(mixed)]


def run_tests(paths: list[str], root: Path, seconds: float) -> int:
    """What pytest returns where the tests of these snippets first fail, 0, or LATE."""
    codes = (_in_fork(phase, root, seconds) for phase in phases(paths, root))
    return next((code for code in codes if code), 0)


def _in_fork(arguments: list[str], root: Path, seconds: float) -> int:
    process = os.fork()
    if not process:
        try:
            os._exit(_pytest(arguments, root))
        finally:
            os._exit(70)
    late = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > late:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return LATE
        time.sleep(0.01)


def _pytest(arguments: list[str], root: Path) -> int:
    os.setsid()
    sink = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(sink, stream)
    os.chdir(root)
    sys.path.insert(0, str(root))
    import pytest

    return pytest.main([*OPTIONS, *arguments])


def try_page(page: str, trials: list[Trial], root: Path) -> Iterator[Trial]:
    """Run the tests of a page against mutants of its snippets, in a copied project.

    Raises:
        MutationError: The tests fail without a mutant, or do not run.
    """
    start = time.monotonic()
    if code := run_tests(sorted({trial.path for trial in trials}), root, 600):
        raise MutationError(f"the tests of {page} fail without a mutant: {code}")
    seconds = 20 + 5 * (time.monotonic() - start)
    # Byte code of a source of the same size and second would be taken for a mutant's.
    shutil.rmtree(root / "snippets" / page / "__pycache__", ignore_errors=True)
    sys.dont_write_bytecode = True
    for trial in trials:
        file = root / trial.path
        original = file.read_bytes()
        file.write_text(trial.mutant.text, "utf-8")
        code = run_tests([trial.path], root, seconds)
        if code in UNUSABLE:
            raise MutationError(f"{trial.path}: pytest returns {code}")
        yield Trial(trial.path, trial.mutant, killed=code != 0)
        file.write_bytes(original)
    sys.dont_write_bytecode = False


def _work(group: tuple[str, list[Trial]]) -> list[Trial] | MutationError:
    # A process of the pool has a copy of its own for as long as it lives.
    root = COPIES / str(os.getpid())
    if not root.exists():
        shutil.copytree(COPIES / "original", root)
    try:
        return list(try_page(*group, root))
    except MutationError as error:
        return error


def interval(killed: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z = 1.96
    share, middle = killed / n, z * z / n
    half = z * math.sqrt(share * (1 - share) / n + middle / (4 * n))
    return tuple((share + middle / 2 + sign * half) / (1 + middle) for sign in (-1, 1))


def line(name: str, trials: list[Trial]) -> str:
    """A row of the report: killed, of how many, the share and its interval."""
    killed, n = sum(t.killed for t in trials), len(trials)
    low, high = interval(killed, n)
    return f"{killed:5} of {n:5}  {killed / n:6.1%}  ({low:.1%} to {high:.1%})  {name}"


def show_survivors(trials: list[Trial]) -> None:
    """Print place and change of each mutant that no test noticed."""
    for trial in sorted(trials, key=lambda t: (t.path, t.mutant.line)):
        if not trial.killed:
            print(f"{trial.path}:{trial.mutant.line}")
            print(f"  - {trial.mutant.old}\n  + {trial.mutant.new}", flush=True)


def show_shares(trials: list[Trial]) -> None:
    """Print the share of killed mutants of each page, and of all."""
    print("\nkilled, 95 % interval")
    for page, own in groupby(trials, key=lambda trial: page_of(trial.path)):
        print(line(page, list(own)))
    print(line("all", trials))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants to try")
    parser.add_argument("--all", action="store_true", help="try every mutant")
    parser.add_argument("--snippet", action="append", help="this file or folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()

    global COPIES
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        COPIES = Path(folder)
        root = COPIES / "original"
        copy_sources(root)
        paths = copyable(root)
        if options.snippet:
            wanted = tuple(f"{name.rstrip('/')}/" for name in options.snippet)
            paths = [path for path in paths if f"{path}/".startswith(wanted)]
        trials = [Trial(p, m) for p in paths for m in without_equivalents(p, root)]
        if not trials:
            sys.exit(f"no snippet that readers copy in {options.snippet}")
        chosen = trials if options.all else sample(trials, options.sample, options.seed)
        print(f"{len(chosen)} of {len(trials)} mutants, of {len(paths)} snippets")

        os.environ["OMP_NUM_THREADS"] = "1"
        for module in PRELOAD:
            importlib.import_module(module)
        groups = [
            (page, list(group))
            for page, group in groupby(chosen, key=lambda trial: page_of(trial.path))
        ]
        done, failed = [], []
        with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
            for result in pool.imap(_work, groups):
                if isinstance(result, MutationError):
                    failed.append(str(result))
                    continue
                show_survivors(result)
                done += result
                print(line(page_of(result[0].path), result), file=sys.stderr)
    if done:
        show_shares(done)
    if failed:
        sys.exit("\n".join(["not measured:", *failed]))


if __name__ == "__main__":
    main()
