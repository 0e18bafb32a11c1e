"""Multiply the loss by a constant: SGD feels it, Adam does not until eps matters."""

import torch
from sklearn.datasets import load_digits
from torch import nn


def table() -> str:
    """Train on digits with the loss times a constant; return the final losses.

    60 full-batch steps from the same start for SGD (learning rate 0.5), SGD with the
    learning rate divided by the constant, SGD behind a gradient-norm clip of 1, and
    Adam (learning rate 0.01). Shown is the training cross-entropy without the
    constant; ln 10 = 2.30 is guessing.

    Examples:
        >>> rows = [row.split("|")[2:6] for row in table().splitlines()[2:]]
        >>> plain, divided, clipped, adam = rows
        >>> len(set(plain)), len(set(divided)), len(set(adam[1:]))
        (3, 1, 1)
    """
    images, labels = load_digits(return_X_y=True)
    inputs = torch.tensor(images / 16, dtype=torch.float32)
    target = torch.tensor(labels)
    criterion = nn.CrossEntropyLoss()
    scales = (1e-8, 1e-3, 1.0, 1e3)

    def final_loss(name: str, scale: float) -> str:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        if name == "Adam":
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        else:
            lr = 0.5 / scale if "divided" in name else 0.5
            optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for _ in range(60):
            optimizer.zero_grad()
            (scale * criterion(model(inputs), target)).backward()
            if name == "SGD, clipped":
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        loss = criterion(model(inputs), target).item()
        return f"{loss:.2f}" if loss < 100 else f"{loss:.0f}"

    lines = [
        "| optimizer | loss × 1e-8 | × 1e-3 | × 1 | × 1e3 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in ("SGD", "SGD, rate divided by it", "SGD, clipped", "Adam"):
        values = " | ".join(final_loss(name, scale) for scale in scales)
        lines.append(f"| {name} | {values} |")
    return "\n".join(lines)
