"""What a file may hold so that torch.load reads it safely."""

import argparse
import collections
import datetime
import io
import pathlib
import pickle
import random
import re

import numpy
import torch
from torch import nn


def _load(value: object) -> str:
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    try:
        torch.load(file)
    except pickle.UnpicklingError as error:
        name = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))[1]
        return f"refuses `{name.split('.')[-1]}`"
    return "loads"


def table() -> str:
    """Save and load each value with the default `weights_only=True`.

    Shown is `loads`, or the last part of the name in the error.

    Examples:
        >>> rows = table().splitlines()
        >>> rows[2], rows[-1]
        ('| state_dict of a model | loads |', '| a model | refuses `Linear` |')
    """
    model = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0)
    lines = ["| in the file | torch.load |", "| --- | --- |"]
    for name, value in (
        ("state_dict of a model", model.state_dict()),
        ("of an optimizer", optimizer.state_dict()),
        ("of LambdaLR with a lambda", scheduler.state_dict()),
        ("of a GradScaler", torch.amp.GradScaler("cpu").state_dict()),
        ("numbers, str, bytes, None", [1, 2.0, 1j, "a", b"a", None, True]),
        ("list, tuple, dict, set", [(1,), {"a": 1}, {1}]),
        ("OrderedDict, Counter", [collections.OrderedDict(), collections.Counter()]),
        ("dtype, device, Size", [torch.float32, torch.device("cpu"), torch.Size([1])]),
        ("`random.getstate()`", random.getstate()),
        ("`torch.Generator().get_state()`", torch.Generator().get_state()),
        ("a `torch.Generator`", torch.Generator()),
        ("`numpy.random.get_state()`", numpy.random.get_state()),
        ("a NumPy float", numpy.float64(1)),
        ("a NumPy array", numpy.ones(2)),
        ("defaultdict", collections.defaultdict(list)),
        ("deque", collections.deque([1])),
        ("`argparse.Namespace`", argparse.Namespace(lr=0.1)),
        ("a path", pathlib.PurePosixPath("a")),
        ("a date", datetime.date(2026, 1, 1)),
        ("a model", model),
    ):
        lines.append(f"| {name} | {_load(value)} |")
    return "\n".join(lines)
