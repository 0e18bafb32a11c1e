"""What the order of building and loading does to the learning rate."""

import copy

import torch
from torch.optim import Optimizer
from torch.optim import lr_scheduler as S

KINDS = {
    "LambdaLR": lambda o: S.LambdaLR(o, lambda t: 0.5**t),
    "LinearLR": lambda o: S.LinearLR(o, 0.1, total_iters=5),
    "ConstantLR": lambda o: S.ConstantLR(o, 0.3, total_iters=5),
    "OneCycleLR": lambda o: S.OneCycleLR(o, 0.1, total_steps=20),
    "CyclicLR": lambda o: S.CyclicLR(o, 0.01, 0.1, 5, cycle_momentum=False),
    "CosineAnnealingWarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, 10),
    "SequentialLR": lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.1, total_iters=3), S.CosineAnnealingLR(o, 7)], [3]
    ),
    "ChainedScheduler": lambda o: S.ChainedScheduler(
        [S.LinearLR(o, 0.1, total_iters=3), S.ExponentialLR(o, 0.9)]
    ),
    "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, 10),
    "PolynomialLR": lambda o: S.PolynomialLR(o, 10),
    "StepLR": lambda o: S.StepLR(o, 2, 0.1),
    "MultiStepLR": lambda o: S.MultiStepLR(o, [2], 0.1),
    "ExponentialLR": lambda o: S.ExponentialLR(o, 0.9),
    "ReduceLROnPlateau": lambda o: S.ReduceLROnPlateau(o),
}


def _optimizer() -> Optimizer:
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    return torch.optim.SGD([weight], lr=0.1)


def _rates(optimizer: Optimizer, scheduler: S.LRScheduler) -> list[float]:
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(4):
        optimizer.step()
        scheduler.step(*[1.0] * isinstance(scheduler, S.ReduceLROnPlateau))
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def table() -> str:
    """Resume each scheduler after 4 steps, built before and after loading.

    Listed are the learning rate that the next step should have, the one it has when
    the scheduler was built after its optimizer was loaded, and whether later rates are
    right again. Built before, every scheduler goes on exactly.

    Examples:
        >>> rows = table().splitlines()
        >>> rows[2]
        '| LambdaLR | 0.0063 | **0.1000** | yes |'
    """
    head = "| scheduler | true lr | built late | then right |"
    lines = [head, "| --- | --- | --- | --- |"]
    for name, build in KINDS.items():
        optimizer = _optimizer()
        scheduler = build(optimizer)
        _rates(optimizer, scheduler)
        saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
        true = _rates(optimizer, scheduler)

        good = _optimizer()
        again = build(good)
        good.load_state_dict(saved[0])
        again.load_state_dict(copy.deepcopy(saved[1]))
        assert _rates(good, again) == true

        late = _optimizer()
        late.load_state_dict(saved[0])
        again = build(late)
        again.load_state_dict(copy.deepcopy(saved[1]))
        got = _rates(late, again)
        shown = f"{got[0]:.4f}" if got[0] == true[0] else f"**{got[0]:.4f}**"
        right = "yes" if got[1:] == true[1:] else f"**no**, {got[-1] / true[-1]:.2g} ×"
        name = name.replace("gW", "g<wbr>W")  # where a narrow screen may break it
        lines.append(f"| {name} | {true[0]:.4f} | {shown} | {right} |")
    return "\n".join(lines)
