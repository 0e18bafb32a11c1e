"""Run the experiments of the evidence pages: `make evidence`.

An experiment is a snippet that defines `experiment(run)`. It takes too long for a build,
so what it returns lies beside it, in a file of the same name that ends in `.json`, with
the key of the code that made it. Only what has no such result is run. Each result is
written when it is there, so that an interrupted command goes on where it stopped.
"""

import argparse
import ast
import functools
import importlib
import json
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tools.pages import ROOT

# How many times each experiment is done, with other random numbers.
RUNS = 2
# What draws and judges results; they do not depend on it.
READERS = {"figure", "findings"}


class EvidenceError(Exception):
    """Experiments that fail or have no results of their present code; says which."""


def code(tree: ast.Module) -> ast.Module:
    """The part of a module that results depend on.

    That is what `experiment` uses, or, where there is none, all but `figure` and
    `findings` and what only they import; without docstrings.
    """
    tree = ast.parse(ast.unparse(tree))  # a copy, to be changed
    for node in ast.walk(tree):
        kinds = ast.Module, ast.FunctionDef, ast.ClassDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    bound = [(node, _names(node)) for node in tree.body]
    roots = {name for node, names in bound for name in names if not _imports(node)}
    wanted = {"experiment"} if "experiment" in roots else roots - READERS
    used: set[str] = set()
    while wanted - used:
        used |= wanted
        for node, names in bound:
            if not names or names & used:
                wanted |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    tree.body = [node for node, names in bound if not names or names & used]
    return tree


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _names(node: ast.stmt) -> set[str]:
    """What a statement of a module binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if _imports(node):
        return {a.asname or a.name.partition(".")[0] for a in node.names}
    stored = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {n.id for n in stored if isinstance(n.ctx, ast.Store)}


def results_file(path: Path) -> Path:
    """Where the results of the experiment at `path` lie."""
    return path.with_suffix(".json")


def read(path: Path) -> dict:
    """The stored results of the experiment at `path`; empty where there are none."""
    try:
        return json.loads(results_file(path).read_text("utf-8"))
    except FileNotFoundError:
        return {}


def runs(path: Path, key: str) -> list[dict]:
    """What the experiment at `path` returned in each run: tensors by name.

    Raises:
        EvidenceError: Results are missing, or of other code.
    """
    import torch

    data = read(path)
    if data.get("key") != key or len(data["runs"]) < RUNS:
        state = "of other code" if data.get("key", key) != key else "missing"
        raise EvidenceError(f"its results are {state}: run `make evidence`")
    return [
        {name: torch.tensor(values) for name, values in run["scores"].items()}
        for _, run in sorted(data["runs"].items())
    ]


def table(findings: list[list]) -> str:
    """Markdown of the findings of each run, side by side."""
    titles = [f"run {i}" for i in range(1, len(findings) + 1)]
    rows = [["measured", *titles, "verdict rests on"], ["---"] * (len(titles) + 2)]
    for same in zip(*findings, strict=True):
        rows.append([same[0].what, *(f.text for f in same), same[0].bounds])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """The command."""
    from tools.artefacts import find

    parser = argparse.ArgumentParser(prog="python -m tools.evidence")
    parser.add_argument("names", nargs="*", help="parts of paths; default: all")
    parser.add_argument("--again", action="store_true", help="also what has results")
    parser.add_argument(
        "--check",
        type=int,
        nargs="?",
        const=RUNS,
        metavar="RUN",
        help=f"compare with the run of this number (default {RUNS}), and write nothing",
    )
    options = parser.parse_args()
    chosen = [
        snippet
        for snippet in find()
        if snippet.verb == "experiment"
        and (not options.names or any(n in snippet.place for n in options.names))
    ]
    if not chosen:
        sys.exit(f"no experiment below snippets/ has {options.names} in its path")
    try:
        if options.check is not None:
            _check(chosen, options.check)
        else:
            fill(chosen, options.again, functools.partial(print, flush=True))
    except EvidenceError as error:
        sys.exit(str(error))


def fill(experiments: list, again: bool, report: Callable[[str], None]) -> None:
    """Run what has no result of its present code, or all, and store each result.

    Args:
        experiments: Of `tools.artefacts.find`.
        again: Also what has a result.
        report: Called with a line for each run.

    Raises:
        EvidenceError: Experiments that fail. Results of the others are stored.
    """
    from tools.artefacts import write

    data = {}
    for snippet in experiments:
        stored = {} if again else read(snippet.path)
        fresh = {"key": snippet.code_key, "runs": {}}
        data[snippet] = stored if stored.get("key") == snippet.code_key else fresh
    todo = [(s, r) for s in data for r in range(RUNS) if str(r) not in data[s]["runs"]]
    if not todo:
        report("every experiment has the results of its present code")
    for snippet, run, scores, seconds in _measure(todo, report):
        result = {"seconds": round(seconds), "scores": scores}
        data[snippet]["runs"][str(run)] = result
        text = json.dumps(data[snippet], separators=(",", ":")) + "\n"
        write(results_file(snippet.path), text.encode())


def _check(experiments: list, run: int) -> None:
    """Say which findings hold in another run, and lie where the published do."""
    import torch

    failed = inside = count = 0
    try:
        for snippet, _, scores, _ in _measure([(s, run) for s in experiments], print):
            module = importlib.import_module(snippet.name)
            published = module.findings(runs(snippet.path, snippet.code_key)[0])
            scores = {name: torch.tensor(values) for name, values in scores.items()}
            for old, new in zip(published, module.findings(scores), strict=True):
                count += 1
                failed += not new.holds
                inside += old.estimate[1] <= new.estimate[0] <= old.estimate[2]
                if not new.holds:
                    print(f"  not {new.bounds}: {new.what}: {new.text}, was {old.text}")
    finally:
        print(
            f"{count - failed} of {count} findings hold; "
            f"{inside} of {count} means lie in the interval of run 1"
        )
    sys.exit(failed > 0)


def _measure(todo: list[tuple], report: Callable[[str], None]):
    """Yield each `(snippet, run)` with its scores and seconds, as they finish."""
    os.environ["OMP_NUM_THREADS"] = "1"  # else workers fight for the cores
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "torch._dynamo", "sklearn.datasets"])
    # The longest first, else the last of them runs alone.
    todo = sorted(todo, key=lambda task: -_seconds(task[0].path))
    start = time.perf_counter()
    failures = []
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=context, max_tasks_per_child=1
    ) as pool:
        running = {pool.submit(_work, s.name, r, str(ROOT)): (s, r) for s, r in todo}
        try:
            for done, future in enumerate(as_completed(running), 1):
                snippet, run = running[future]
                now = time.perf_counter() - start
                line = f"{now:4.0f} s {done}/{len(todo)} {snippet.place} run {run + 1}"
                try:
                    scores, seconds = future.result()
                except Exception as error:
                    failures.append(f"{snippet.path}, run {run + 1}: {error!r}")
                    report(f"{line}: failed")
                else:
                    yield snippet, run, scores, seconds
                    report(f"{line}: {seconds:.0f} s")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failures:
        raise EvidenceError("\n".join(failures))


def _seconds(path: Path) -> float:
    return max((r["seconds"] for r in read(path).get("runs", {}).values()), default=60)


def _work(name: str, run: int, root: str) -> tuple[dict, float]:
    """In a worker: the scores of a run as lists, and the seconds of CPU that it took."""
    sys.path.insert(0, root)
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = importlib.import_module(name).experiment(run)
    values = {name: _rounded(tensor.tolist()) for name, tensor in scores.items()}
    return values, time.process_time() - start


def _rounded(values):
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return float(f"{values:.5g}")


if __name__ == "__main__":
    main()
