"""What each call of the loop changes: weight, gradient, optimizer state."""

import torch
from torch import nn


def table() -> str:
    """Run two steps by hand and write down one weight after every call.

    The model is `2 * w` with `w = 1`, the target 0, the loss squared, so the gradient
    is `8 * w`; SGD with learning rate 0.1 and momentum 0.9.

    Examples:
        >>> rows = table().splitlines()
        >>> rows[5]
        '| `loss.backward()` | 1.000 | **8.000** | none |'
        >>> rows[6]
        '| `optimizer.step()` | **0.200** | 8.000 | **8.000** |'
    """
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    inputs, target = torch.tensor([[2.0]]), torch.tensor([[0.0]])

    def state() -> list[str]:
        w = model.weight
        momentum = optimizer.state.get(w, {}).get("momentum_buffer")
        values = (w, w.grad, momentum)
        return ["none" if v is None else f"{v.item():.3f}" for v in values]

    rows: list[list[str]] = []

    def record(call: str) -> None:
        now = state()
        before = rows[-1][1:] if rows else now
        shown = [
            new if new == old.strip("*") else f"**{new}**"
            for new, old in zip(now, before, strict=True)
        ]
        rows.append([call, *shown])

    record("after building model and optimizer")
    optimizer.zero_grad()
    record("`optimizer.zero_grad()`")
    loss = criterion(model(inputs), target)
    record(f"`loss = criterion(model(inputs), target)` gives {loss.item():.2f}")
    loss.backward()
    record("`loss.backward()`")
    optimizer.step()
    record("`optimizer.step()`")
    loss = criterion(model(inputs), target)
    record(f"second forward pass, no `zero_grad()`: loss {loss.item():.2f}")
    loss.backward()
    record("`loss.backward()` adds 8 · 0.2 = 1.6")
    optimizer.step()
    record("`optimizer.step()` uses the sum")
    optimizer.zero_grad()
    record("`optimizer.zero_grad()`")
    head = "| call | weight | `.grad` | momentum buffer |\n| --- | --- | --- | --- |\n"
    return head + "\n".join("| " + " | ".join(row) + " |" for row in rows)
