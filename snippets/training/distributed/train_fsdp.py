"""A complete FSDP2 program: sharding, clipping, sharded checkpoint and resume."""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import distributed as dist
from torch import nn
from torch.distributed import checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard
from torch.nn.functional import cross_entropy


def main(folder: str, steps: int = 40) -> None:
    """Train on scikit-learn's digits, from the checkpoint if there is one.

    Any number of processes gives the same result up to rounding: 64 samples a step.

    Args:
        folder: Where checkpoints are, and are written: a folder a step, and in it a
            file a process.
        steps: Train up to this one.

    Source: `torch.distributed.fsdp.fully_shard`, `torch.distributed.checkpoint`.

    Examples:
        >>> import tempfile
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     main(folder, steps=20)
        step 20: loss 1.91, norm 0.6
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16).float(), torch.tensor(labels)

    torch.manual_seed(0)  # the same on each: FSDP sends no weights around
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    for layer in model:  # the blocks of a transformer
        if isinstance(layer, nn.Linear):
            fully_shard(layer)
    fully_shard(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)  # after fully_shard

    # the metadata is written last: without it a checkpoint is not complete
    start = max(
        (int(p.parent.name) for p in Path(folder).glob("*/.metadata")), default=0
    )
    if start:
        weights, state = get_state_dict(model, optimizer)
        saved = {"model": weights, "optimizer": state}
        dcp.load(saved, checkpoint_id=f"{folder}/{start}")  # in place, each its shards
        set_state_dict(
            model,
            optimizer,
            model_state_dict=saved["model"],
            optim_state_dict=saved["optimizer"],
        )

    for step in range(start + 1, steps + 1):
        noise = torch.Generator().manual_seed(step)
        batch = torch.randint(len(x), (64,), generator=noise)[rank::world]
        optimizer.zero_grad()
        loss_sum = cross_entropy(model(x[batch]), y[batch], reduction="sum")
        sums = torch.stack([loss_sum.detach(), torch.tensor(float(len(batch)))])
        dist.all_reduce(sums)
        (loss_sum * world / sums[1]).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # a DTensor
        optimizer.step()
        if step % 20 == 0:
            norm = norm.full_tensor()  # on every process: it communicates
            if rank == 0:
                print(f"step {step}: loss {sums[0] / sums[1]:.2f}, norm {norm:.1f}")

    weights, state = get_state_dict(model, optimizer)
    dcp.save({"model": weights, "optimizer": state}, checkpoint_id=f"{folder}/{steps}")


if __name__ == "__main__":
    dist.init_process_group("gloo")  # "cpu:gloo,cuda:nccl" for GPUs
    main(sys.argv[1], int(sys.argv[2]))
    dist.destroy_process_group()
