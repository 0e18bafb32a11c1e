"""Run by torchrun: each given program in turn, as `__main__`, in one set of processes.

Starting processes costs seconds, so the page's programs share them. Each still makes
its own process group, and what it prints is written to `<folder>/<number>.<rank>`.
"""

import contextlib
import faulthandler
import functools
import gc
import io
import json
import os
import runpy
import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed as dist


def main(folder: str) -> None:
    faulthandler.dump_traceback_later(240, exit=True)  # a deadlock names its lines
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    wait = timedelta(seconds=120)
    store = dist.TCPStore(*address, world, is_master=False, timeout=wait)
    init = dist.init_process_group
    for number, command in enumerate(json.loads(Path(folder, "commands").read_text())):
        # A second group under the names of the first would find its addresses.
        fresh = dist.PrefixStore(f"program {number}", store)
        dist.init_process_group = functools.partial(
            init, store=fresh, rank=rank, world_size=world, timeout=wait
        )
        sys.argv = command
        torch.manual_seed(0)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            runpy.run_path(command[0], run_name="__main__")
        Path(folder, f"{number}.{rank}").write_text(printed.getvalue())
        gc.collect()  # a wrapper that died late would still reduce gradients


if __name__ == "__main__":
    main(sys.argv[1])
