"""A complete DDP program: global mean, evaluation, checkpoint and resume."""

import os
import sys

import torch
from sklearn.datasets import load_digits
from torch import distributed as dist
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def main(checkpoint: str, epochs: int = 4) -> None:
    """Train on scikit-learn's digits, from the checkpoint if there is one.

    Any number of processes gives the same result up to rounding: 64 samples a step.

    Args:
        checkpoint: Path of the file to continue from, and to write after each epoch.
        epochs: Train up to this one.

    Source: `torch.nn.parallel.DistributedDataParallel`.

    Examples:
        >>> import tempfile
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     main(folder + "/run.pt", epochs=1)
        epoch 1: loss 1.09, accuracy 0.84
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    device = torch.device("cpu")  # one GPU each: "cuda", int(os.environ["LOCAL_RANK"])
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16).float(), torch.tensor(labels)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train = TensorDataset(x[order[:1400]], y[order[:1400]])
    held_out = order[1400:]

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    start = 0
    if os.path.exists(checkpoint):  # every process reads it
        saved = torch.load(checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        start = saved["epoch"]
    ddp = DistributedDataParallel(model)  # process 0's weights go to all
    sampler = DistributedSampler(train, seed=0)
    batches = DataLoader(train, batch_size=64 // world, sampler=sampler)

    for epoch in range(start + 1, epochs + 1):
        sampler.set_epoch(epoch)  # or every epoch has the same order
        ddp.train()
        for inputs, target in batches:
            inputs, target = inputs.to(device), target.to(device)
            optimizer.zero_grad()
            loss_sum = cross_entropy(ddp(inputs), target, reduction="sum")
            count = torch.tensor(len(target), device=device)
            dist.all_reduce(count)
            (loss_sum * world / count).backward()
            optimizer.step()

        model.eval()
        mine = held_out[rank::world]  # no sample twice, as a padding sampler has
        with torch.no_grad():
            z, target = model(x[mine].to(device)), y[mine].to(device)
        loss = cross_entropy(z, target, reduction="sum")
        hits = (z.argmax(1) == target).sum()
        sums = torch.stack([loss.double(), hits.double(), hits.new_tensor(len(mine))])
        dist.all_reduce(sums)
        if rank == 0:
            loss, accuracy = (sums[:2] / sums[2]).tolist()
            print(f"epoch {epoch}: loss {loss:.2f}, accuracy {accuracy:.2f}")
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"epoch": epoch}, checkpoint)
        dist.barrier()  # nobody reads or leaves before it is written


if __name__ == "__main__":
    dist.init_process_group("gloo")  # "nccl" for GPUs
    main(sys.argv[1], int(sys.argv[2]))
    dist.destroy_process_group()
