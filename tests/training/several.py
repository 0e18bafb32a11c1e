"""Run by torchrun: the helpers and claims of the page on two processes, as JSON."""

import copy
import json
import warnings

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
)
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.nn.functional import cross_entropy, mse_loss
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.nn.utils import clip_grad_norm_, get_total_norm
from torch.utils.checkpoint import checkpoint

from snippets.training.distributed.gather_with_gradient import gather_with_gradient
from snippets.training.distributed.global_mean import global_mean
from snippets.training.distributed.reduce_mean import reduce_mean
from snippets.training.distributed.replica_drift import replica_drift

with warnings.catch_warnings(action="ignore"):
    from torch.distributed.optim import ZeroRedundancyOptimizer


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def build(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()


def shard(model, **options):
    fully_shard(model[0], **options)
    fully_shard(model[2], **options)
    return fully_shard(model, **options)


def message(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def apart(ours, theirs):
    """Largest difference of parameters, whole or sharded."""
    ours = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in ours]
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def tokens(rank):
    """16 sequences of 6 tokens, most of the later ones padding, and one process all."""
    z, y = seeded(16, 6, 4), torch.arange(96).view(16, 6) % 4
    result = {}
    for name, where in (("few", slice(8, None)), ("none", slice(8, None))):
        target = y.clone()
        target[where, (1 if name == "few" else 0) :] = -100
        start = nn.Linear(4, 4).double()
        torch.nn.init.constant_(start.weight, 0.1)
        whole, model = copy.deepcopy(start), copy.deepcopy(start)
        for m in (whole, model):
            torch.nn.init.zeros_(m.bias)
        cross_entropy(whole(z).flatten(0, 1), target.flatten()).backward()
        mine, ddp = slice(8 * rank, 8 * rank + 8), DDP(model)
        output, labels = ddp(z[mine]).flatten(0, 1), target[mine].flatten()
        loss_sum = cross_entropy(output, labels, reduction="sum")
        global_mean(loss_sum, (labels != -100).sum()).backward()
        result[name] = apart([model.weight.grad], [whole.weight.grad])
    nothing = torch.zeros((), requires_grad=True)
    result["nowhere"] = global_mean(nothing, 0).item()
    return result


def accumulated(rank):
    """Two micro-batches with other counts on each process; one count for all."""
    sizes = [[5, 2], [1, 4]]
    x, y = seeded(12, 4), seeded(12, 2, seed=1)
    whole, model = build(), build()
    (mse_loss(whole(x), y, reduction="sum") / 12).backward()
    ddp = DDP(model)
    start = sum(sizes[0]) * rank
    parts = torch.arange(start, start + sum(sizes[rank])).split(sizes[rank])
    total = sum(sizes[rank])
    with ddp.no_sync():
        loss = mse_loss(ddp(x[parts[0]]), y[parts[0]], reduction="sum")
        global_mean(loss, total).backward()
    loss = mse_loss(ddp(x[parts[1]]), y[parts[1]], reduction="sum")
    global_mean(loss, total).backward()
    grads = [[p.grad for p in m.parameters()] for m in (model, whole)]
    return apart(*grads)


def gathered(rank):
    x = seeded(6, 3)
    mine = x[3 * rank : 3 * rank + 3].clone().requires_grad_()
    rows = gather_with_gradient(mine)
    weight = seeded(6, 3, seed=2 + rank)  # each process has another loss
    (rows.square() * weight).sum().backward()
    total = sum(2 * x * seeded(6, 3, seed=2 + r) for r in range(2))
    parts = [torch.empty_like(mine) for _ in range(2)]
    dist.all_gather(parts, mine * 1)
    return {
        "rows": apart([rows], [x]),
        "gradient": apart([mine.grad], [total[3 * rank : 3 * rank + 3]]),
        "plain": any(part.requires_grad for part in parts),
    }


def drift(rank):
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    nn.init.ones_(module[0].weight), nn.init.ones_(module[0].bias)
    equal = replica_drift(module)
    with torch.no_grad():
        module[0].bias[1] += rank / 4
        module[1].num_batches_tracked += 3 * rank
    differs = replica_drift(module)
    with torch.no_grad():
        module[0].weight[0, 0] = torch.nan if rank else 1.0
    nan = replica_drift(module).get("0.weight")
    sharded = message(lambda: replica_drift(shard(build())))
    return {"equal": equal, "differs": differs, "nan": nan, "sharded": sharded}


def seeds(rank):
    """Weights made from other seeds: DDP sends those of process 0, FSDP mixes."""
    ddp = DDP(build(rank))
    weight = shard(build(rank))[0].weight.full_tensor()
    torch.manual_seed(0)
    mask = nn.Dropout(0.5)(torch.ones(64))
    masks = [torch.empty(64) for _ in range(2)]
    dist.all_gather(masks, mask)
    return {
        "ddp": replica_drift(ddp.module),
        "ddp is of 0": apart(ddp.module.parameters(), build(0).parameters()),
        "fsdp": [
            apart([weight[:4]], [build(0)[0].weight[:4]]),
            apart([weight[4:]], [build(1)[0].weight[4:]]),
        ],
        "masks equal": torch.equal(*masks),
    }


def buffers(rank):
    """An evaluation through the wrapper sends the buffers of process 0 as well."""
    ddp = DDP(nn.BatchNorm1d(2))
    ddp(torch.randn(8, 2, generator=torch.Generator().manual_seed(rank)))
    before = set(replica_drift(ddp.module))
    ddp.eval()
    ddp.module(torch.ones(8, 2))
    by_module = set(replica_drift(ddp.module))
    ddp(torch.ones(8, 2))
    after = set(replica_drift(ddp.module))
    sync = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(2)))
    return {
        "before": sorted(before),
        "module": sorted(by_module),
        "wrapper": sorted(after),
        "sync": message(lambda: sync(torch.ones(4, 2))),
        "sync under ddp": message(lambda: DDP(sync)),
    }


def through_all_reduce():
    w = torch.ones(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        total = 3 * w
        dist.all_reduce(total)
        total.sum().backward()
    return {"grad": w.grad.tolist(), "warnings": [str(c.message) for c in caught]}


def zero(rank):
    ddp = DDP(build())
    one = build()
    optimizer = ZeroRedundancyOptimizer(ddp.parameters(), torch.optim.AdamW, lr=0.01)
    plain = torch.optim.AdamW(one.parameters(), lr=0.01)
    x, y = seeded(8, 4), seeded(8, 2, seed=1)
    for _ in range(5):
        optimizer.zero_grad(), plain.zero_grad()
        mse_loss(ddp(x[rank::2]), y[rank::2]).backward()
        mse_loss(one(x), y).backward()
        optimizer.step(), plain.step()
    early = message(optimizer.state_dict)
    optimizer.consolidate_state_dict(to=0)
    held = len(optimizer.state_dict()["state"]) if rank == 0 else 0
    return {
        "apart": apart(ddp.module.parameters(), one.parameters()),
        "early": early,
        "entries": held,
    }


def fsdp(rank):
    x, y = seeded(8, 4), seeded(8, 2, seed=1)
    mine, result = slice(4 * rank, 4 * rank + 4), {}
    for name, cls in (
        ("SGD", torch.optim.SGD),
        ("AdamW", torch.optim.AdamW),
        ("RMSprop", torch.optim.RMSprop),
    ):
        one, model = build(), shard(build())
        pair = [cls(m.parameters(), lr=0.01) for m in (one, model)]
        for _ in range(5):
            for optimizer in pair:
                optimizer.zero_grad()
            mse_loss(one(x), y).backward()
            mse_loss(model(x[mine]), y[mine]).backward()
            norms = [clip_grad_norm_(m.parameters(), 0.1) for m in (one, model)]
            for optimizer in pair:
                optimizer.step()
        result[name] = apart(model.parameters(), one.parameters())
        result[f"norm {name}"] = abs(norms[0] - norms[1].full_tensor()).item()
    model = shard(build())
    optimizer = torch.optim.Adafactor(model.parameters())
    mse_loss(model(x[mine]), y[mine]).backward()
    result["Adafactor"] = message(optimizer.step)

    one, model = build(), shard(build())
    mse_loss(one(x), y, reduction="sum").backward()
    mse_loss(model(x[mine]), y[mine], reduction="sum").backward()
    ratio = model[0].weight.grad.full_tensor() / one[0].weight.grad
    result["sum"] = [ratio.min().item(), ratio.max().item()]
    local = get_total_norm([p.grad.to_local() for p in model.parameters()])
    result["local norm"] = local / get_total_norm(p.grad for p in one.parameters())
    result["local norm"] = result["local norm"].item()

    one, model = build(), shard(build())
    for m, rows in ((one, slice(None)), (model, mine)):
        for last in (False, True):
            if m is model:
                model.set_requires_gradient_sync(last)
            (mse_loss(m(x[rows] + last), y[rows]) / 2).backward()
            if m is model and not last:
                result["grad while waiting"] = model[0].weight.grad is None
    grads = [p.grad for p in model.parameters()], [p.grad for p in one.parameters()]
    result["accumulated"] = apart(*grads)

    early = build()
    optimizer = torch.optim.SGD(early.parameters(), lr=1.0)
    mse_loss(shard(early)(x[mine]), y[mine]).backward()
    old = optimizer.param_groups[0]["params"]
    result["old"] = (
        [p.grad is None for p in old],
        sum(p.untyped_storage().size() for p in old),
    )

    half = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    model = shard(build().float(), mp_policy=half)
    output = model(x[mine].float())
    mse_loss(output.float(), y[mine].float()).backward()
    weight = model[0].weight
    dtypes = output.dtype, weight.dtype, weight.grad.dtype
    result["dtypes"] = [str(dtype) for dtype in dtypes]

    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    whole = get_model_state_dict(model, options=options)
    result["whole"] = {name: list(value.shape) for name, value in whole.items()}
    return result


class Twice(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        self.reentrant = reentrant
        nn.init.ones_(self.layer.weight)

    def forward(self, x):
        for _ in range(2):
            x = checkpoint(self.layer, x, use_reentrant=self.reentrant)
        return x


def checkpointed_twice(rank):
    """The gradient of x * w * w at w = 1 is 2 x, and the mean of x is 1.5."""
    found = {}
    for reentrant in (True, False):
        model = Twice(reentrant)
        x = torch.full((1, 1), 1.0 + rank, requires_grad=True)
        ddp = DDP(model)  # has to live until backward
        ddp(x).sum().backward()
        found[f"reentrant {reentrant}"] = model.layer.weight.grad.item()
    model = Twice(False)
    DDP(model)(x).sum().backward()
    found["wrapper dropped"] = model.layer.weight.grad.item()
    return found


def main():
    rank = dist.get_rank()
    total = reduce_mean(torch.tensor([6.0, 1.0][rank]), [3, 1][rank])
    results = {
        "tokens": tokens(rank),
        "accumulated": accumulated(rank),
        "reduce_mean": [total, reduce_mean([8.0, 0.0][rank], [4, 0][rank])],
        "reduce_mean of none": message(lambda: reduce_mean(0.0, 0)),
        "gathered": gathered(rank),
        "drift": drift(rank),
        "seeds": seeds(rank),
        "buffers": buffers(rank),
        "all_reduce": through_all_reduce(),
        "checkpointed": checkpointed_twice(rank),
        "zero": zero(rank),
        "fsdp": fsdp(rank),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
