"""Implementations of an optimizer step, and ways to save memory, as ratios of time.

    PYTHONPATH=. .venv/bin/python benchmarks/optimizers.py

All forms take turns in one process, on one thread; a ratio is that of the medians over
rounds. 1 is as fast, 2 takes twice as long. torch.compile needs a C++ compiler.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint_sequential

ROUNDS = 15


def in_turns(forms: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each form; each round runs all of them once."""
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(ROUNDS + 3):
        for name, form in forms.items():
            start = time.perf_counter()
            form()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(t[3:]) for name, t in times.items()}


def show(title: str, forms: dict[str, Callable[[], object]]) -> None:
    """Print each form against the first one."""
    seconds = in_turns(forms)
    first = next(iter(seconds.values()))
    print(title)
    for name, value in seconds.items():
        print(f"  {value / first:5.2f}  {name}")


def stepper(
    cls: type, tensors: int, size: int, **options: object
) -> torch.optim.Optimizer:
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(size, generator=generator) for _ in range(tensors)]
    for p in params:
        p.grad = torch.randn(size, generator=generator)
    return cls(params, lr=1e-4, **options)


def repeated(step: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            step()

    return run


def implementations() -> None:
    optim = torch.optim
    cases = [
        (optim.AdamW, {}),
        (optim.SGD, {"momentum": 0.9}),
        (optim.RMSprop, {}),
    ]
    shapes = [(100, 100, 10), (100, 10_000, 3), (4, 250_000, 3), (4, 2_500_000, 1)]
    for cls, options in cases:
        for tensors, size, times in shapes:
            if cls is not optim.AdamW and size not in (100, 10_000):
                continue
            flags = {"loop": {"foreach": False}, "foreach": {"foreach": True}}
            if cls is not optim.RMSprop:
                flags["fused"] = {"fused": True}
            forms = {}
            for name, flag in flags.items():
                optimizer = stepper(cls, tensors, size, **options, **flag)
                forms[name] = repeated(optimizer.step, times)
            if cls is optim.AdamW and size < 2_500_000:
                torch._dynamo.reset()
                optimizer = stepper(cls, tensors, size, foreach=True)
                forms["compiled"] = repeated(torch.compile(optimizer.step), times)
            show(f"{cls.__name__}, {tensors} tensors of {size:,}", forms)


def one_tensor_or_many() -> None:
    forms = {
        f"{tensors} tensors": repeated(
            stepper(torch.optim.AdamW, tensors, 100_000 // tensors, foreach=False).step,
            3,
        )
        for tensors in (1, 10, 100, 1000)
    }
    show("AdamW's loop, 100,000 parameters in", forms)


def memory_for_time() -> None:
    blocks = [nn.Sequential(nn.Linear(256, 256), nn.GELU()) for _ in range(16)]
    model = nn.Sequential(*blocks)
    x = torch.randn(256, 256)

    def plain() -> None:
        model(x).square().mean().backward()

    def checkpointed() -> None:
        out = checkpoint_sequential(model, 4, x, use_reentrant=False)
        out.square().mean().backward()

    show(
        "16 blocks, forward and backward",
        {"all kept": plain, "4 segments": checkpointed},
    )


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    implementations()
    one_tensor_or_many()
    memory_for_time()


if __name__ == "__main__":
    main()
