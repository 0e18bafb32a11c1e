"""The page's programs in two real processes of torchrun, and what it says of them."""

import doctest
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch import nn

from snippets.training.distributed.gather_with_gradient import gather_with_gradient
from snippets.training.distributed.global_mean import global_mean
from snippets.training.distributed.reduce_mean import reduce_mean
from snippets.training.distributed.replica_drift import replica_drift
from tools.pages import ROOT, read

PAGE = ROOT / "docs/training/distributed.md"
HERE = Path(__file__).parent
LAUNCH = "$ torchrun --standalone --nproc-per-node="


def shown() -> list[tuple[int, list[str], str]]:
    """Number of processes, command and output of every launch that the page shows."""
    found = []
    for fence in read(PAGE):
        if fence.language != "console":
            continue
        for part in ("\n" + fence.source).split("\n$ ")[1:]:
            command, _, output = part.partition("\n")
            if f"$ {command}".startswith(LAUNCH):
                words = command.removeprefix(LAUNCH[2:]).split()
                found.append((int(words[0]), words[1:], output.rstrip("\n")))
    return found


def launch(processes: int, commands: list[list[str]], cwd: Path) -> list[list[str]]:
    """Run the programs under torchrun; what each process of each printed."""
    folder = cwd / f"printed by {processes}"
    folder.mkdir()
    paths = {p.name: str(p) for p in (ROOT / "snippets/training/distributed").iterdir()}
    paths |= {"first.py": str(cwd / "first.py"), "several.py": str(HERE / "several.py")}
    absolute = [[paths[name], *arguments] for name, *arguments in commands]
    (folder / "commands").write_text(json.dumps(absolute))
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "GLOO_SOCKET_IFNAME": "lo",  # no other network is needed
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        + [f"--nproc-per-node={processes}", str(HERE / "processes.py"), str(folder)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-6000:]
    return [
        [(folder / f"{number}.{rank}").read_text() for rank in range(processes)]
        for number in range(len(commands))
    ]


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> dict[tuple[int, str], list[str]]:
    """By number of processes and program: every launch of the page, and our own."""
    cwd = tmp_path_factory.mktemp("launches")
    first = next(fence for fence in read(PAGE) if fence.runs)
    (cwd / "first.py").write_text(first.source)
    found = {}
    for processes in (2, 1):  # one process continues what two saved
        commands = [command for n, command, _ in shown() if n == processes]
        commands += [["several.py"]] if processes == 2 else []
        outputs = launch(processes, commands, cwd)
        for command, output in zip(commands, outputs, strict=True):
            found[processes, command[0]] = output
    found["files"] = sorted(path.name for path in (cwd / "runs" / "20").iterdir())
    return found


@pytest.fixture(scope="module")
def results(printed) -> list[dict]:
    return [json.loads(text) for text in printed[2, "several.py"]]


def test_the_page_shows_every_program():
    launched = {command[0] for _, command, _ in shown()}
    programs = {
        path.name
        for path in (ROOT / "snippets/training/distributed").glob("*.py")
        if '"__main__"' in path.read_text()
    }
    assert launched == programs | {"first.py"}


@pytest.mark.parametrize(
    "processes, command, output",
    shown(),
    ids=[f"{n} {' '.join(c)}" for n, c, _ in shown()],
)
def test_what_is_shown_is_what_the_processes_print(printed, processes, command, output):
    first, *others = printed[processes, command[0]]
    same = doctest.OutputChecker().check_output
    assert same(output.strip() + "\n", first.strip() + "\n", doctest.ELLIPSIS), first
    assert not any(others), "process 0 speaks for all"


def test_one_process_continues_as_if_it_had_never_stopped(printed, tmp_path):
    from snippets.training.distributed import train_ddp, train_fsdp

    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        for module, name, length in (
            (train_ddp, str(tmp_path / "run.pt"), 4),
            (train_fsdp, str(tmp_path / "runs"), 40),
        ):
            program = Path(module.__file__).name
            parts = printed[2, program][0] + printed[1, program][0]
            with pytest.MonkeyPatch.context() as patch:
                lines = []
                patch.setattr("builtins.print", lambda line, to=lines: to.append(line))
                module.main(name, length)
            assert "\n".join(lines) + "\n" == parts
    finally:
        dist.destroy_process_group()
    assert printed["files"] == [".metadata", "__0_0.distcp", "__1_0.distcp"]


# The helpers


def test_global_mean_is_the_mean_of_one_process(results):
    for result in results:
        assert max(result["tokens"].values()) < 1e-12
        assert result["accumulated"] < 1e-12


def test_reduce_mean_adds_before_it_divides(results):
    for result in results:
        assert result["reduce_mean"] == [7 / 4, 2.0]
        assert result["reduce_mean of none"] == (
            "ValueError: count must be positive on some process, got 0"
        )


def test_gathered_rows_have_the_gradient_of_every_process(results):
    for result in results:
        assert result["gathered"] == {"rows": 0, "gradient": 0, "plain": False}


def test_drift_names_what_differs_and_by_how_much(results):
    for result in results:
        drift = result["drift"]
        assert drift["equal"] == {}
        assert drift["differs"] == {"0.bias": 0.25, "1.num_batches_tracked": 3}
        assert drift["nan"] == math.inf
        assert drift["sharded"] == (
            "TypeError: module must be held whole, 0.weight is a sharded DTensor"
        )


def test_helpers_in_one_process():
    loss = torch.tensor(6.0, requires_grad=True)
    assert global_mean(loss, 3).item() == 2
    assert global_mean(loss, 0).item() == 6
    count = torch.tensor(3)
    global_mean(loss, count).backward()
    assert loss.grad == pytest.approx(1 / 3) and count == 3
    assert reduce_mean(3, 4) == reduce_mean(torch.tensor(3.0), torch.tensor(4)) == 0.75
    big = torch.tensor(2**24 + 1)
    assert reduce_mean(big - 1, big) < 1
    x = torch.ones(2, requires_grad=True)
    assert gather_with_gradient(x) is x
    assert replica_drift(nn.BatchNorm1d(2)) == {}


@pytest.mark.parametrize("helper", [global_mean, reduce_mean])
def test_sums_and_counts_are_scalars(helper):
    name = "loss_sum" if helper is global_mean else "total"
    wanted = rf"{name} and count must be scalars, got shapes \(3,\) and \(\)"
    with pytest.raises(ValueError, match=wanted):
        helper(torch.ones(3), 3)
    with pytest.raises(ValueError, match=r"got shapes \(\) and \(1,\)"):
        helper(torch.tensor(1.0), torch.ones(1))


def test_a_scalar_cannot_be_gathered():
    with pytest.raises(ValueError, match="x must have at least one dimension"):
        gather_with_gradient(torch.tensor(1.0))


# Claims of the page


def test_ddp_sends_weights_at_the_start_and_fsdp_does_not(results):
    for result in results:
        seeds = result["seeds"]
        assert seeds["ddp"] == {} and seeds["ddp is of 0"] == 0
        assert seeds["fsdp"] == [0, 0]  # a half from each initialisation
        assert seeds["masks equal"]


def test_an_evaluation_through_the_wrapper_sends_buffers(results):
    both = ["running_mean", "running_var"]
    for result in results:
        buffers = result["buffers"]
        assert buffers["before"] == buffers["module"] == both
        assert buffers["wrapper"] == []
        assert "expected input tensor to be on GPU" in buffers["sync"]
        assert "only work with GPU modules" in buffers["sync under ddp"]


def test_all_reduce_of_a_loss_warns_and_has_the_local_gradient(results):
    for result in results:
        assert result["all_reduce"]["grad"] == [3, 3]  # and not 6: the value doubled
        (warning,) = result["all_reduce"]["warnings"]
        assert "an autograd kernel was not registered" in warning


def test_reentrant_checkpoints_of_all_parameters_part_silently(results):
    for rank, result in enumerate(results):
        assert result["checkpointed"] == {
            "reentrant True": 2.5 + rank,
            "reentrant False": 3.0,
            "wrapper dropped": 2.0 + 2 * rank,  # nothing is averaged
        }


def test_zero_is_adamw_with_a_part_of_the_state(results):
    text = PAGE.read_text("utf-8")
    assert results[0]["zero"]["early"] in text
    assert [result["zero"]["entries"] for result in results] == [4, 0]
    for result in results:
        assert result["zero"]["apart"] < 1e-12


def test_fsdp_is_one_process(results):
    text = PAGE.read_text("utf-8")
    for result in results:
        fsdp = result["fsdp"]
        for name in ("SGD", "AdamW", "RMSprop"):
            assert fsdp[name] < 1e-12 and fsdp[f"norm {name}"] < 1e-12
        assert fsdp["Adafactor"].splitlines()[0] in text
        assert fsdp["sum"] == pytest.approx([0.5, 0.5])
        assert fsdp["local norm"] < 0.49  # of the sum's norm, of which the mean is 0.5
        assert fsdp["grad while waiting"] and fsdp["accumulated"] < 1e-12
        # an early optimizer's parameters get no gradient, and keep 58 float64
        assert fsdp["old"] == [[True] * 4, 58 * 8]
        assert fsdp["dtypes"] == ["torch.bfloat16", "torch.float32", "torch.float32"]
    whole = {"0.weight": [8, 4], "0.bias": [8], "2.weight": [2, 8], "2.bias": [2]}
    assert [result["fsdp"]["whole"] for result in results] == [whole, {}]
