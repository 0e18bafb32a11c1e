"""The faults that the benchmark plants are the ones it says, sampled fairly."""

import collections

import pytest

from tools.pages import ROOT

PROGRAM = '''"""Says -1, and 2 < 3."""

import math


def half(x: int = 2, *, name: str = "mean") -> float | None:
    """Half, as in 4 / 2."""
    if x < 0 or name not in ("mean", "sum"):
        raise ValueError(f"x must be at least {0}, got {x - 1}")
    y = x.detach() if x else pow(x, 2)
    y = abs(y, device=x.device, dim=-1)
    y += 1.5
    math.y = y.sum(0 < x < y, keepdim=True, out=z, a=b)
    new = x
    return y / 2
'''
PLANTED = {
    "x: int = 3",
    "x: int = 1",
    "x: int = 0",
    "name: str = 'sum'",
    "if (x < 0 and name not in ('mean', 'sum'))",
    "if (x <= 0) or name",
    "if x < 1 or name",
    "if x < -1 or name",
    "0 or (name in ('mean', 'sum')):",
    '("sum", "sum")',
    '("mean", "mean")',
    "pass",
    "y = (x.detach() if not x else pow(x, 2))",
    "y = x if x",
    "pow(2, x)",
    "pow(x, 3)",
    "pow(x, 1)",
    "pow(x, 0)",
    "abs(y, device=x.device)",
    "dim=1)",
    "dim=-2)",
    "dim=-0)",
    "y += 2.5",
    "y += 0.5",
    "y += 0",
    "math.y = y.mean(",
    "(1 < x < y, keepdim=True",
    "(-1 < x < y, keepdim=True",
    "(0 <= x < y)",
    "(0 < x <= y)",
    "keepdim=False",
    "(0 < x < y, out=z, a=b)",
    "(0 < x < y, keepdim=True, a=b)",
    "(0 < x < y, keepdim=True, out=z)",
    "return (y * 2)",
    "return y / 3",
    "return y / 1",
    "return y / 0",
}


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import mutation

    return mutation


def test_every_operator_is_planted_and_nothing_else(benchmark):
    found = benchmark.mutants(PROGRAM)
    new = [mutant.new.replace('"', "'") for mutant in found]
    unseen = {p for p in PLANTED if not any(p.replace('"', "'") in n for n in new)}
    assert not unseen
    dropped = {mutant.old[:7] for mutant in found if mutant.new == "pass"}
    assert dropped == {"raise V", "y = abs", "y += 1.", "math.y "}
    assert len(found) == len(PLANTED) + len(dropped) - 1
    for mutant in found:
        changed = zip(PROGRAM.split("\n"), mutant.text.split("\n"), strict=False)
        first = next(i for i, (a, b) in enumerate(changed, start=1) if a != b)
        assert first == mutant.line
        compile(mutant.text, "mutant", "exec")


def test_a_sample_is_spread_over_the_snippets_in_proportion(benchmark):
    mutants = benchmark.mutants(PROGRAM) * 3
    trials = [benchmark.Trial("a", m) for m in mutants]
    trials += [benchmark.Trial("b", m) for m in mutants[: len(mutants) // 3]]
    chosen = benchmark.sample(trials, 40, seed=0)
    assert chosen == benchmark.sample(trials, 40, seed=0)
    assert chosen != benchmark.sample(trials, 40, seed=1)
    counts = collections.Counter(trial.path for trial in chosen)
    assert abs(counts["a"] - 30) <= 1 and abs(counts["b"] - 10) <= 1
    assert sorted(benchmark.sample(trials, 10_000, 0), key=id) == sorted(trials, key=id)


def test_an_equivalent_that_is_out_of_date_is_an_error(benchmark, tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "half.py").write_text(PROGRAM)
    listed = tmp_path / "benchmarks/mutation.toml"
    entry = '[["half.py"]]\nold = "return y / 2"\nnew = "return %s"\nwhy = "a test"\n'
    listed.write_text(entry % "y / 3")
    left = benchmark.without_equivalents("half.py", tmp_path)
    assert len(left) == len(benchmark.mutants(PROGRAM)) - 1
    assert "return y / 3" not in {mutant.new for mutant in left}
    listed.write_text(entry % "y / 5")
    with pytest.raises(
        benchmark.MutationError, match="half.py has no mutant of 'return"
    ):
        benchmark.without_equivalents("half.py", tmp_path)


def test_the_list_of_equivalents_is_up_to_date(benchmark):
    import tomllib

    for path in tomllib.loads((ROOT / "benchmarks/mutation.toml").read_text("utf-8")):
        assert benchmark.without_equivalents(path, ROOT)


def test_the_interval_is_wilsons(benchmark):
    from scipy.stats import binomtest

    for killed, n in ((0, 9), (7, 9), (9, 9), (97, 115)):
        exact = binomtest(killed, n).proportion_ci(method="wilson")
        assert benchmark.interval(killed, n) == pytest.approx(tuple(exact), abs=1e-4)
