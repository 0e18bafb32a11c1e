"""Loss after a float16 run for each order of scale, unscale, clip, step and update."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

ORDERS = {
    "scale, backward, unscale_, clip, step, update": "scale unscale clip step update",
    "clip before unscale_": "scale clip unscale step update",
    "clip, no unscale_": "scale clip step update",
    "unscale_ without clip": "scale unscale step update",
    "scale, backward, optimizer.step": "scale plain",
    "backward of the unscaled loss": "unscale clip step update",
    "no update": "scale unscale clip step",
}


def _run(order: str) -> str:
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images[:800]).float() / 16, torch.tensor(labels[:800])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    for step in range(60):
        rows = slice(80 * (step % 10), 80 * (step % 10 + 1))
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(x[rows]), y[rows])
        if "scale" in order.split():
            loss = scaler.scale(loss)
        loss.backward()
        actions = {
            "unscale": lambda: scaler.unscale_(optimizer),
            "clip": lambda: clip_grad_norm_(model.parameters(), 1.0),
            "step": lambda: scaler.step(optimizer),
            "plain": optimizer.step,
            "update": scaler.update,
        }
        try:
            for name in order.removeprefix("scale ").split():
                actions[name]()
        except (AssertionError, RuntimeError) as error:
            return type(error).__name__
    with torch.no_grad():
        return f"{F.cross_entropy(model(x), y):.1f}"


def table() -> str:
    """Final training loss, or the error that is raised."""
    with torch.random.fork_rng():
        rows = [f"| {name} | {_run(order)} |" for name, order in ORDERS.items()]
    return "\n".join(["| order | loss after 60 steps |", "|:--|:--|", *rows])
