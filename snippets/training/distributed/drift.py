"""What DDP does not keep equal: criterion, learning rate and batch statistics."""

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import ReduceLROnPlateau


class _WithLoss(nn.Module):
    """A model, and a squared error whose noise level is learned."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.log_var = nn.Parameter(torch.zeros(()))

    def criterion(self, prediction, target):
        error = (prediction - target).square().mean()
        return (error * (-self.log_var).exp() + self.log_var) / 2

    def forward(self, x, y):
        return self.criterion(self.model(x), y)


def _show(name: str, value: float | torch.Tensor) -> None:
    values = [torch.zeros(()) for _ in range(dist.get_world_size())]
    dist.all_gather(values, torch.as_tensor(value).detach().float())
    if dist.get_rank() == 0:
        print(f"{name:27}", *(f"{v.item():8.2f}" for v in values))


def main() -> None:
    """Train on data that differs between processes, and print what each one holds.

    Source: `torch.nn.parallel.DistributedDataParallel`.

    Examples:
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
        log_var outside DDP            -0.33
        log_var inside DDP             -0.33
        lr, plateau of own loss         0.40
        lr, plateau of all losses       0.40
        batch norm: running mean        0.01
        >>> dist.destroy_process_group()
    """
    rank = dist.get_rank()
    noise = torch.Generator().manual_seed(rank)  # harder data on later processes
    x = torch.randn(64, 3, generator=noise) + rank
    y = x.sum(1, keepdim=True) + (1 + rank) * torch.randn(64, 1, generator=noise)

    for name, inside in (("outside", False), ("inside", True)):
        torch.manual_seed(0)
        both = _WithLoss(nn.Linear(3, 1))
        ddp = DistributedDataParallel(both if inside else both.model)
        optimizer = torch.optim.SGD(both.parameters(), lr=0.05)
        for _ in range(200):
            optimizer.zero_grad()
            loss = ddp(x, y) if inside else both.criterion(ddp(x), y)
            loss.backward()
            optimizer.step()
        _show(f"log_var {name} DDP", both.log_var)

    losses = [1.0, 0.9, 0.8] if rank == 0 else [1.0, 1.1, 1.2]  # of validation
    for name in ("own loss", "all losses"):
        optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.4)
        plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
        for loss in losses:
            loss = torch.tensor(loss)
            if name == "all losses":
                dist.all_reduce(loss)
                loss /= dist.get_world_size()
            plateau.step(loss)
        _show(f"lr, plateau of {name}", plateau.get_last_lr()[0])

    norm = nn.BatchNorm1d(3)
    ddp = DistributedDataParallel(norm)
    for _ in range(50):
        ddp(x)
    _show("batch norm: running mean", norm.running_mean.mean())


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
