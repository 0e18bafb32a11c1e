"""Checks that an optimizer should pass before it trains anything."""

import inspect
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import torch
from torch import Tensor
from torch.optim import Optimizer


def check_optimizer(make: Callable[..., Optimizer]) -> list[str]:
    """List what is wrong with an optimizer: step, groups, closure, checkpoint, options.

    Args:
        make: The class, or a function of `params`, `lr`, and `maximize` where there is
            such a thing. It is given two matrices, or groups, with dense gradients.

    Returns:
        One sentence for each broken promise, none for a good optimizer.

    Source: `torch.optim.Optimizer`, and the checklist of this page.

    Examples:
        >>> check_optimizer(torch.optim.AdamW)
        []
    """
    assert __debug__, "python -O drops the checks"
    faults = []

    @contextmanager
    def promise(name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            kind = "" if type(error) is AssertionError else f"{type(error).__name__}: "
            faults.append(f"{name}: {kind}{str(error).splitlines()[0]}")

    with promise("step"):
        params, before = _params(), _params()[0]
        p, memory, optimizer = params[0], params[0].data_ptr(), make(params)
        after = _run(optimizer, params, range(1))[0]
        assert not after.equal(before), "does not move the parameter"
        assert p.data_ptr() == memory, "moves the parameter to other memory"
        assert (p.grad * (after - before)).sum() < 0, "goes uphill"
        assert p.grad.equal(_gradient(p, 0)), "changes .grad"
        for value in dict(optimizer.state.get(p, {})).values():
            assert not getattr(value, "grad_fn", None), "state keeps a graph"
    if faults:
        return faults  # what follows would only repeat it
    with promise("gradient None"):
        params = _params()
        _run(make(params), params[:1], range(2))
        assert params[1].equal(_params()[1]), "moves the parameter"
    with promise("closure"):
        loss = make(params := _params()).step(lambda: _loss_and_backward(params))
        assert torch.is_tensor(loss), "its loss is not returned"
    with promise("lr of a group"):
        a, b = _params()
        _run(make([{"params": [a]}, {"params": [b], "lr": 0.0}]), [a, b], range(2))
        assert b.equal(_params()[1]), "still moves at lr=0"
    with promise("lr of a schedule"):
        before = _run(optimizer := make(params := _params()), params, range(3))
        optimizer.param_groups[0]["lr"] = 0.0
        after = _run(optimizer, params, range(3, 4))
        assert all(map(torch.equal, before, after)), "still moves at lr=0"
    for dtype in (torch.float32, torch.bfloat16):
        with promise(f"checkpoint in {str(dtype)[6:]}"):
            old = make(params := _params(dtype))
            copies = [p.requires_grad_() for p in _run(old, params, range(3))]
            torch.save(old.state_dict(), file := io.BytesIO())
            file.seek(0)
            (new := make(copies)).load_state_dict(torch.load(file))
            for key, value in old.state[params[0]].items():
                kind = getattr(new.state[copies[0]].get(key), "dtype", None)
                assert kind == getattr(value, "dtype", None), f"{key} becomes {kind}"
            a, b = _run(old, params, range(3, 6)), _run(new, copies, range(3, 6))
            assert all(map(torch.equal, a, b)), "training goes on differently"
    if "maximize" in inspect.signature(make).parameters:
        with promise("maximize"):
            a, b = _params(), _params()
            ends = _run(make(a), a, range(3))
            up = _run(make(b, maximize=True), b, range(3), sign=-1)
            assert all(map(torch.equal, ends, up)), "is not the step of -gradient"
    with promise("lr=-1"), suppress(ValueError):
        assert not make(_params(), lr=-1.0), "is accepted"
    return faults


def _params(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    start = torch.linspace(-1, 1, 12).to(dtype)
    return [start.view(s).clone().requires_grad_() for s in ((4, 3), (3, 4))]


def _gradient(p: Tensor, t: int) -> Tensor:
    return torch.cos(torch.arange(12.0) + t).view_as(p).to(p.dtype)


def _loss_and_backward(params: list[Tensor]) -> Tensor:
    (loss := sum((p - 3).square().sum() for p in params)).backward()
    return loss


def _run(optimizer: Optimizer, params: list, steps: range, sign: int = 1) -> list:
    for t in steps:
        for p in params:
            p.grad = sign * _gradient(p, t)
        optimizer.step()
    return [p.detach().clone() for p in params]
