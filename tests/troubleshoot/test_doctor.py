"""The doctor is quiet on healthy set-ups, names planted faults, and changes nothing."""

import copy
import re

import pytest
import torch
from torch import nn

from snippets.troubleshoot.doctor.doctor import doctor
from tests.conftest import due
from tests.troubleshoot import held_out_fourth, held_out_third
from tests.troubleshoot.held_out_batch import held_out_batch
from tests.troubleshoot.held_out_network import held_out_network
from tests.troubleshoot.held_out_training import held_out_training
from tools.pages import ROOT

CLASSES = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import *
torch.manual_seed(0)
inputs = torch.randn(64, 8)
target = (inputs @ torch.randn(8, 4)).argmax(1)
criterion = nn.CrossEntropyLoss()
def mlp(*last, outputs=4):
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, outputs), *last)
def adamw(**options):
    return AdamW(model.parameters(), **{"lr": 1e-3} | options)
class Do(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.what = what
    def forward(self, x): return self.what(x)
model = mlp()
"""
NUMBERS = """
model, criterion = mlp(outputs=1), nn.MSELoss()
target = inputs.sum(1, keepdim=True) / 3
"""
BINARY = """
model, criterion = mlp(outputs=3), nn.BCEWithLogitsLoss()
target = (inputs[:, :3] > 0).float()
"""
TOKENS = """
model = nn.Sequential(nn.Embedding(20, 16), nn.Linear(16, 20), Do(lambda x: x.mT))
inputs, target = torch.randint(20, (16, 12)), torch.randint(20, (16, 12))
"""
SOME_STEPS = """
optimizer = adamw()
for _ in range(3):
    optimizer.zero_grad()
    criterion(model(inputs), target).backward()
    optimizer.step()
optimizer.zero_grad()
"""

HEALTHY = {
    "classes": "",
    "regression": NUMBERS,
    "binary": BINARY,
    "tokens": TOKENS,
    "SGD": "optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)",
    "LBFGS": NUMBERS + "optimizer = torch.optim.LBFGS(model.parameters())",
    "after some steps": SOME_STEPS,
    "BatchNorm, dropout": "model = mlp(nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 4))",
    "frozen on purpose": (
        "model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), mlp())\n"
        "model[:2].requires_grad_(False); model[1].eval()\n"
        "optimizer = AdamW(model[3].parameters(), lr=1e-3)"
    ),
    "groups": (
        "optimizer = AdamW([{'params': [model[0].weight, model[2].weight]},\n"
        "    {'params': [model[0].bias, model[2].bias], 'weight_decay': 0.0}], lr=1e-3)"
    ),
    "warm-up": "optimizer = adamw()\nscheduler = LinearLR(optimizer, 0.01, total_iters=50)",
    "one cycle": "optimizer = adamw()\nscheduler = OneCycleLR(optimizer, 1e-3, 500)",
    "plateau": "optimizer = adamw()\nscheduler = ReduceLROnPlateau(optimizer)",
    "a new scaler": "scaler = torch.amp.GradScaler('cpu')",
    "soft labels": "target = inputs[:, :4].softmax(1)",
    "smoothing": "criterion = nn.CrossEntropyLoss(label_smoothing=0.1)",
    "a last layer of zeros": "nn.init.zeros_(model[2].weight)",
    "padding declared": TOKENS
    + "inputs.clamp_(1); inputs[:, 6:] = 0; target[:, 6:] = -100",
    "next tokens": TOKENS + "target = inputs.roll(-1, 1)",
    "weights for the rare": "criterion = nn.CrossEntropyLoss(1 / (1 + target.bincount()))",
    "per epoch": (
        "optimizer = adamw()\nscheduler = CosineAnnealingLR(optimizer, 10)"
    ),
    "a criterion without target": "criterion = lambda o, t: o.square().mean()",
    "log-probabilities": "model, criterion = mlp(nn.LogSoftmax(1)), nn.NLLLoss()",
    "KL": (
        "model = mlp(nn.LogSoftmax(1)); target = inputs[:, :4].softmax(1)\n"
        "criterion = nn.KLDivLoss(reduction='batchmean')"
    ),
    "a function as criterion": "criterion = F.cross_entropy",
    "a criterion with parameters": (
        "class Scaled(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__(); self.log_scale = nn.Parameter(torch.zeros(()))\n"
        "    def forward(self, out, t): return F.cross_entropy(out * self.log_scale.exp(), t)\n"
        "criterion = Scaled()\n"
        "optimizer = AdamW([*model.parameters(), *criterion.parameters()], lr=1e-3)"
    ),
    "void labels and weights": TOKENS
    + "target[:, :3] = 255; criterion = nn.CrossEntropyLoss(torch.ones(20), ignore_index=255)",
    "logits that happen to be positive": "model[2].bias.data += 9; model[2].weight.data /= 9",
    "several inputs": (
        "class Two(nn.Sequential):\n"
        "    def forward(self, pair): return super().forward(pair[0]) + pair[1]\n"
        "model = Two(nn.Linear(8, 4)); inputs = (inputs, torch.zeros(64, 4))"
    ),
}  # fmt: skip

PARTS = """
class Net(nn.Module):
    def __init__(self, rule, **parts):
        super().__init__()
        self.rule = rule
        for name, part in parts.items(): setattr(self, name, part)
    def forward(self, x): return self.rule(self, x)
"""
ONE = "target = (inputs[:, :1] > 0).float(); model = mlp(outputs=1)\n"
# The innocent causes of what looks like a fault.
HEALTHY |= {
    "a tied loss below 0": NUMBERS
    + "model = mlp(outputs=2); inputs *= 2\n"
    "criterion = lambda o, t: (o[:, 1:] + (o[:, :1] - t)**2 * (-o[:, 1:]).exp()).mean()\n"
    "optimizer = adamw(lr=0.05)",
    "a cosine as loss": NUMBERS
    + "criterion = lambda o, t: -F.cosine_similarity(o, t, 0).mean()",
    "an autoencoder in a tuple": "target = inputs\n" + PARTS
    + "model = Net(lambda net, x: (net.out(net.body(x)), 0), body=mlp(), out=nn.Linear(4, 8))\n"
    "criterion = lambda o, t: F.mse_loss(o[0], t)",
    "a last layer of zeros, binary": ONE
    + "criterion = nn.BCEWithLogitsLoss(); nn.init.zeros_(model[2].weight)\n"
    "nn.init.zeros_(model[2].bias)",
    "ReLU declared last": PARTS
    + "parts = dict(a=nn.Linear(8, 32), b=nn.Linear(32, 4), act=nn.ReLU())\n"
    "model = Net(lambda net, x: net.b(net.act(net.a(x))), **parts)",
    "large targets": NUMBERS + PARTS + "target = 2e5 + 6e4 * target\n"
    "model = Net(lambda net, x: 2e5 + 6e4 * net.body(x), body=mlp(outputs=1))\n"
    "criterion = lambda o, t: ((o - t) / 6e4).square().mean()",
    "a distance of distributions": "target = torch.randn(64, 2) / 2 + 2\n"
    "model = mlp(outputs=2); k = lambda a, b: (-torch.cdist(a, b)**2 / 2).exp().mean()\n"
    "criterion = lambda o, t: k(o, o) + k(t, t) - 2 * k(o, t)",
    "a sum": "criterion = nn.CrossEntropyLoss(reduction='sum')\n"
    "optimizer = SGD(model.parameters(), lr=1e-3)",
    "a rate of 0 at first": "optimizer = adamw()\n"
    "scheduler = LambdaLR(optimizer, lambda k: min(1, k / 30))",
    "the rate of the schedule alone": "optimizer = adamw(lr=1.0)\n"
    "scheduler = LambdaLR(optimizer, lambda k: 0.1 * min((k + 1)**-0.5, (k + 1) / 8000))",
    "down to 0 at the end": "optimizer = adamw()\n"
    "scheduler = LambdaLR(optimizer, lambda k: 1 - k / 100)",
    "late": "optimizer = SGD(model.parameters(), lr=0.1)\n"
    "scheduler = MultiStepLR(optimizer, [3, 6])\n"
    "for _ in range(9): optimizer.step(); scheduler.step()",
    "half precision": "model.bfloat16(); inputs = inputs.bfloat16(); optimizer = adamw(lr=0.01)",
    "converged": NUMBERS + "target += 0.1 * torch.randn(64, 1); model = nn.Linear(8, 1)\n"
    "optimizer = AdamW(model.parameters(), lr=0.05)\n"
    + 200 * "optimizer.zero_grad(); criterion(model(inputs), target).backward(); optimizer.step()\n",
    "its gradients are still there": SOME_STEPS.rsplit("optimizer.zero", 1)[0],
    "an optimizer of one's own": "class Own(torch.optim.Optimizer):\n"
    "    def step(self, closure=None):\n"
    "        for group in self.param_groups:\n"
    "            for p in group['params']:\n"
    "                p.data -= 0.02 * p.grad.sign(); self.state[p] = 1\n"
    "optimizer = Own(model.parameters(), {}); optimizer.lr = 1",
    "its closure is asked for": "class Own(torch.optim.Optimizer):\n"
    "    def step(self, closure):\n"
    "        closure()\n"
    "        for p in self.param_groups[0]['params']: p.data -= 0.1 * p.grad\n"
    "optimizer = Own(model.parameters(), {})",
    "Adafactor": "optimizer = torch.optim.Adafactor(model.parameters())",
    "Muon": "optimizer = torch.optim.Muon([model[0].weight, model[2].weight])",
    "further options": "optimizer = AdamW([{'params': model.parameters(), 'lr_scale': 1.0}])",
    "sparse": "inputs = torch.randint(9, (64, 2)); target = (inputs[:, 0] > 4).long()\n"
    "model = nn.Sequential(nn.Embedding(9, 4, sparse=True), nn.Flatten(), nn.Linear(8, 4))\n"
    "model[2].requires_grad_(False)\n"
    "optimizer = torch.optim.SparseAdam(model[0].parameters(), lr=0.01)",
    "a graph": PARTS + "links = (torch.rand(64, 64) < 0.1).float().fill_diagonal_(0)\n"
    "model = Net(lambda net, x: links @ net.body(links @ x), body=mlp())",
    "a series as a table": NUMBERS + PARTS + "target = inputs.cumsum(0)[:, :1] / 8\n"
    "parts = dict(body=nn.LSTM(8, 16), head=nn.Linear(16, 1))\n"
    "model = Net(lambda net, x: net.head(net.body(x)[0]), **parts)",
    "the loss shifts": TOKENS + "target = inputs\n"
    "criterion = lambda o, t: F.cross_entropy(o[..., :-1], t[:, 1:])",
    "gaps that are masked": NUMBERS + PARTS
    + "inputs[::7, 0] = torch.nan; target[::5] = torch.nan\n"
    "model = Net(lambda net, x: net.body(x.nan_to_num()), body=mlp(outputs=1))\n"
    "criterion = lambda o, t: (o - t)[~t.isnan()].square().mean()",
    "impossible classes": PARTS + "target %= 2\n"
    "model = Net(lambda net, x: net.body(x).index_fill(1, torch.tensor([3]), -torch.inf),\n"
    "    body=mlp())",
    "bytes, scaled inside": PARTS + "inputs = 255 * torch.rand(64, 8)\n"
    "target = (inputs[:, 0] > 127).long()\n"
    "model = Net(lambda net, x: net.body(x / 127 - 1), body=mlp())",
    "distances": ONE + PARTS + "target = target[:, 0]\n"
    "model = Net(lambda net, x: net.body(x).norm(dim=1), body=mlp())\n"
    "criterion = lambda d, t: (t * d**2 + (1 - t) * F.relu(1 - d)**2).mean()",
    "a critic by squares": ONE + "criterion = lambda o, t: (o - t).square().mean()",
    "rates below 1": NUMBERS + "target = 0.4 * torch.rand(64, 1)\n"
    "criterion = lambda o, t: (o.exp() - t * o).mean()",
    "the criterion has its own": NUMBERS + "scale = nn.Parameter(torch.zeros(()))\n"
    "criterion = lambda o, t: ((o - t).square().mean() * scale.exp())\n"
    "optimizer = AdamW([*model.parameters(), scale], lr=1e-3)",
    "left out to freeze it": "model[0].weight.data *= 3\n"
    "optimizer = AdamW(model[2].parameters(), lr=0.01)",
    "another head": PARTS + "parts = dict(body=mlp(), one=nn.Linear(4, 4), two=nn.Linear(4, 2))\n"
    "model = Net(lambda net, x: net.one(net.body(x)), **parts)",
    "a frozen critic with BatchNorm": ONE + "criterion = nn.BCEWithLogitsLoss()\n"
    "model = nn.Sequential(mlp(outputs=8), nn.Linear(8, 8).requires_grad_(False),\n"
    "    nn.BatchNorm1d(8).requires_grad_(False), nn.Linear(8, 1).requires_grad_(False))\n"
    "optimizer = AdamW(model[0].parameters(), lr=0.01)",
    "noise": NUMBERS + "inputs = torch.randn(512, 8); model = nn.Linear(8, 1)\n"
    "target = inputs[:, :1] / 8 + torch.randn(512, 1)",
    "a narrow linear layer": "model = nn.Sequential(nn.Linear(8, 2), nn.Linear(2, 4))",
    "a kept activation": PARTS + "model = Net(lambda net, x: net.body(x), body=mlp())\n"
    "model.kept = [model(inputs)]; inputs = nn.Linear(8, 8)(inputs)",
    "known by heart": "optimizer = adamw(lr=0.05)\n"
    + 60 * "optimizer.zero_grad(); criterion(model(inputs), target).backward(); optimizer.step()\n"
    + "optimizer.zero_grad(); optimizer = adamw(lr=1e-7)",
    "a mean over the batch": PARTS + "inputs = inputs.view(64, 2, 4)\n"
    "model = Net(lambda net, x: net.body((x - x.mean(0)).flatten(1)), body=mlp())",
    "one sample": "inputs, target = inputs[:1], target[:1]",
    "several for one answer": NUMBERS + "model = mlp(outputs=3)",
    "the model gives the loss": PARTS + "inputs = inputs, target; target = None\n"
    "model = Net(lambda net, x: F.cross_entropy(net.body(x[0]), x[1]), body=mlp())\n"
    "criterion = lambda o, t: o",
}  # fmt: skip

# What is near to a fault, and well.
CTC = """
inputs, target = torch.randn(4, 12, 8), torch.randint(1, 4, (4, 3))
model = nn.Sequential(mlp(), Do(lambda x: x.movedim(0, 1).log_softmax(2)))
long = torch.full((4,), 12), torch.full((4,), 3)
criterion = lambda o, t: F.ctc_loss(o, t, *long)
"""
COUNTS = """
model, criterion = mlp(outputs=1), nn.PoissonNLLLoss()
target = torch.poisson((inputs[:, :1] / 2).exp())
"""
FACTORS = (
    PARTS
    + """
factor = torch.ones(4, requires_grad=True)
model = Net(lambda net, x: net.body(x) * net.factor, body=mlp(), factor=factor)
"""
)
SMALL = (
    PARTS
    + """
def rule(net, x):
    with torch.autocast("cpu", torch.float16): return net.body(x).float()
model, target = Net(rule, body=mlp(outputs=64)), inputs @ torch.randn(8, 64) / 3
criterion = lambda o, t: 1e-5 * F.mse_loss(o, t)
optimizer = adamw(lr=5e-3, eps=1e-12)
"""
)
HEALTHY |= {
    "dropout, two outputs": NUMBERS + PARTS
    + "parts = dict(a=nn.Linear(8, 1), drop=nn.Dropout(0.2)); criterion = lambda o, t: F.mse_loss(o[0], t)\n"
    "model = Net(lambda net, x: (net.a(net.drop(x)), x), **parts)",
    "a teacher kept aside": "object.__setattr__(model, 'teacher', mlp())",
    "CTC": CTC,
    "CTC, frames of padding": CTC + "model.append(Do(lambda x: x * (torch.arange(12) < 9)[:, None, None]))",
    "a function for KL": HEALTHY["KL"] + "\ncriterion = lambda o, t: F.kl_div(o, t, reduction='batchmean')",
    "counts": COUNTS,
    "counts, no logarithms": COUNTS
    + "model.append(nn.Softplus()); criterion = nn.PoissonNLLLoss(log_input=False)",
    "counts, a function": COUNTS
    + "model.append(nn.Softplus()); criterion = lambda o, t: F.poisson_nll_loss(o, t, False)",
    "dropout before the last layer": "model.insert(2, nn.Dropout(0.2))",
    "dropout beside the last layer": NUMBERS
    + PARTS
    + "parts = dict(a=nn.Linear(8, 1), drop=nn.Dropout(0.2), b=nn.Linear(8, 1))\n"
    "model = Net(lambda net, x: net.drop(net.a(x)).add_(net.b(x)), **parts)",
    "dropout of logits": "model = mlp(nn.Dropout(0.1))",
    "no dropout in eval()": NUMBERS + "model.append(nn.Dropout(0.2).eval())",
    "Adadelta": "optimizer = torch.optim.Adadelta(model.parameters())",
    "Adadelta, warmed up": "optimizer = torch.optim.Adadelta(model.parameters())\n"
    "scheduler = LinearLR(optimizer, 1e-3, total_iters=50)",
    "a tensor that the optimizer holds": FACTORS
    + "optimizer = AdamW([*model.parameters(), factor], lr=1e-3)",
    "a tensor without a gradient": FACTORS + "factor.requires_grad_(False)",
    "BatchNorm over three": "model = mlp(nn.BatchNorm1d(4)); inputs, target = inputs[3:6], target[3:6]",
    "a quiet BatchNorm over two": "model = mlp(nn.BatchNorm1d(4).eval()); inputs, target = inputs[:2], target[:2]",
    "BatchNorm over two images": "model = nn.Sequential(nn.Conv1d(1, 8, 3), nn.BatchNorm1d(8), nn.Flatten(), nn.Linear(48, 4))\n"
    "inputs, target = inputs[:2, None], target[:2]",
    "small gradients, scaled": SMALL + "scaler = torch.amp.GradScaler('cpu')",
    "a scale that overflows": SMALL.replace("1e-5 *", "10 *") + "scaler = torch.amp.GradScaler('cpu', 2.0**40)",
    "a PReLU before a maximum": "inputs = inputs[:, None]\n"
    "model = nn.Sequential(nn.Conv1d(1, 16, 3), nn.PReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 4))\n"
    "model[0].bias.data += 5",
}  # fmt: skip

# A set-up, and what the doctor must say of it among other things.
BROKEN = [
    ("optimizer = adamw(); model[2] = nn.Linear(32, 4)", "the optimizer: 2.bias, 2.weight"),
    ("optimizer = adamw(); model[2] = nn.Linear(32, 4)", "parameters of another model"),
    ("optimizer = AdamW(2 * list(model.parameters()))", "holds a parameter twice"),
    ("model.requires_grad_(False)", "no parameter requires a gradient"),
    ("model.layers = [nn.Linear(2, 2)]", "plain list or dict of layers, layers"),
    ("model.layers = {'a': nn.Linear(2, 2)}", "plain list or dict of layers, layers"),
    ("model = mlp(nn.BatchNorm1d(4).requires_grad_(False))", "frozen BatchNorm 3"),
    ("model = mlp(nn.BatchNorm1d(4, momentum=0.0))", "BatchNorm 3 has momentum 0"),
    ("model = mlp(nn.Dropout(0.95))", "dropout 3 drops 95%"),
    ("nn.init.constant_(model[0].weight, 0.1)", "all units of 0 start alike"),
    ("model = mlp(nn.Dropout(0.1)).eval()", "the model is in eval()"),
    (
        "model.bfloat16(); inputs = inputs.bfloat16(); optimizer = adamw(lr=1e-5)",
        "parameters in half precision",
    ),
    ("criterion(model(inputs), target).backward()", "gradients are left"),
    ("scheduler = StepLR(adamw(), 10)", "drives another optimizer"),
    (
        "scaler = torch.amp.GradScaler('cpu', 1e-4); scaler.scale(torch.ones(()))",
        "the scale has fallen to 1e-04",
    ),
    ("optimizer = adamw(); optimizer.lr = 1e-4", "optimizer.lr is read by nobody"),
    (
        "optimizer = AdamW([{'params': model.parameters(), 'weigth_decay': 0.0}])",
        "no option is called 'weigth_decay'",
    ),
    ("optimizer = adamw(lr=0.0)", "the learning rate is 0.0"),
    ("optimizer = adamw(maximize=True)", "climbs the loss"),
    ("optimizer = adamw(weight_decay=100)", "weight decay 100 at lr 0.001"),
    ("optimizer = adamw(betas=(0.999, 0.9))", "betas out of the usual range"),
    ("optimizer = SGD(model.parameters(), momentum=0.999)", "momentum or betas out of"),
    ("optimizer = adamw(eps=1.0)", "eps is 1.0"),
    (
        SOME_STEPS + "optimizer.state[model[0].bias]['exp_avg'].fill_(torch.nan)",
        "exp_avg in the optimizer's state is not finite",
    ),
    (
        SOME_STEPS + "state = optimizer.state\n"
        "state[model[0].bias], state[model[2].bias] = (\n"
        "    state[model[2].bias], state[model[0].bias])",
        "state of another parameter",
    ),
    ("inputs[0, 0] = torch.nan", "not finite: inputs, output"),
    (NUMBERS + "target[0] = torch.inf", "not finite: target"),
    ("inputs = 255 * torch.rand(64, 8)", "inputs from 0 to 25"),
    ("inputs = torch.ones(64, 8)", "all samples are the same"),
    (NUMBERS + "target.requires_grad_()", "the target has a gradient"),
    ("target = torch.zeros(64).long()", "one class in the batch"),
    ("target = (target == 1).long().sort().values", "sorted by label"),
    (BINARY + "target = 2 * target - 1", "binary targets from -1 to 1"),
    (NUMBERS + "target = torch.randint(4, (64, 1))", "are they classes"),
    (NUMBERS + "target = 10_000 * target", "targets of size"),
    (HEALTHY["KL"] + "\ncriterion = nn.KLDivLoss()", "use batchmean"),
    ("target = torch.ones(64, 4)", "do not sum to 1"),
    ("target = torch.full((64,), -100)", "every target is ignored"),
    ("criterion = nn.CrossEntropyLoss(torch.tensor([1.0, 0, 1, 1]))", "weight 0 or less"),
    (TOKENS + "inputs.clamp_(1); inputs[:, 6:] = 0; target[:, 6:] = 0", "does padding, 0, count"),
    (TOKENS + "target = inputs", "the target is the input, not shifted"),
    (
        TOKENS + "target = inputs.roll(-1, 1)\n"
        "model[0].register_forward_hook(lambda m, i, out: out + out.mean(1, keepdim=True))",
        "a place sees the tokens after it",
    ),
    (
        "target[2:50] = 1; criterion = nn.CrossEntropyLoss(target.bincount().float())",
        "the larger weight",
    ),
    ("inputs[:, 3] = target.float()", "a column of the inputs is the target"),
    (
        "criterion = lambda o, t: -o.gather(1, t[:, None]).mean()",
        "the loss falls below 0",
    ),
    (
        BINARY + "criterion = lambda p, t: 1 - 2 * (p * t).mean() / (p + t).mean().abs()",
        "the loss wants probabilities, not logits",
    ),
    (
        TOKENS + "target = target[:, 0]\n"
        "model = nn.Sequential(model[0], Do(lambda x: x[:, 0]), nn.Linear(16, 20))",
        "tokens without influence",
    ),
    (
        "optimizer = adamw(); scheduler = StepLR(optimizer, 1, 0.1)",
        "the rate is gone after three steps",
    ),
    ("optimizer = SGD(model.parameters(), momentum=5e-4)", "momentum or betas out of"),
    ("model = mlp(Do(lambda x: x / 0))", "not finite: output"),
    ("criterion = nn.CrossEntropyLoss(reduction='none')", "shape (64,), reduce it"),
    ("criterion = lambda o, t: (o - o).sum().log() * 0", "not finite: the loss"),
    ("criterion = lambda o, t: F.cross_entropy(o.detach(), t)", "the loss has no graph"),
    (
        "criterion = lambda o, t: F.cross_entropy(o.detach(), t).requires_grad_()",
        "the loss has no graph",
    ),
    ("model = mlp(outputs=1); target = 0 * target", "over one column"),
    ("model = mlp(nn.Softmax(1))", "ends in probabilities"),
    ("model = mlp(nn.Softmax(1)); model.kept = [model(inputs)]", "ends in probabilities"),
    ("model = mlp(nn.Softmax(0))", "softmax over the batch"),
    ("model = mlp(nn.ReLU())", "cut off by the last activation"),
    ("model = mlp(nn.Tanh())", "cut off by the last activation"),
    ("criterion = nn.NLLLoss()", "wants log-probabilities"),
    (
        HEALTHY["KL"] + "\ntarget = torch.rand(64, 4)",
        "the target is no distribution",
    ),
    (BINARY + "model = mlp(nn.Sigmoid(), outputs=3)", "ends in probabilities"),
    (BINARY + "model = mlp(Do(lambda x: 9 * x), nn.ReLU(), outputs=3)", "cut off by the last activation"),
    (
        "model = nn.Conv2d(1, 3, 3, padding=1); inputs = torch.randn(4, 1, 3, 3)\n"
        "target = torch.rand(4, 3, 3, 3).round()\n"
        "criterion = nn.BCEWithLogitsLoss(pos_weight=torch.ones(3))",
        "pos_weight lies along the last axis",
    ),
    (NUMBERS + "target = target.squeeze(1)", "broadcast to all pairs"),
    (NUMBERS + "model = mlp(nn.Sigmoid(), outputs=1)", "outside the range"),
    (
        "criterion = lambda o, t: model[0].weight.square().sum() + 0 * o.detach().sum()",
        "does not depend on the output",
    ),
    ("criterion = lambda o, t: -F.cross_entropy(o, t)", "check its sign"),
    (NUMBERS + "criterion = lambda o, t: -F.l1_loss(o, t)", "check its sign"),
    (BINARY + "criterion = lambda o, t: F.binary_cross_entropy_with_logits(-o, t)", "its sign"),
    (
        NUMBERS + "criterion = lambda o, t: (o - t.T).square().mean()",
        "the same for shuffled targets",
    ),
    (
        "model = nn.Sequential(nn.Linear(8, 8), Do(torch.detach), nn.Linear(8, 4))",
        "backward does not reach 0.bias, 0.weight",
    ),
    (
        "criterion = lambda o, t: F.cross_entropy(o, t) + (o - o.detach()).norm(p=0.5)"
        " + (o - o.detach()).square().sum().sqrt()",
        "the gradient of 0.bias, 0.weight, 2.bias and 1 more is not finite",
    ),
    (
        "model = nn.Sequential(nn.Linear(8, 4), Do(lambda x: x.T.reshape(64, 4)))",
        "one sample's output depends on others",
    ),
    ("model = mlp(); model[1] = Do(lambda x: x * 0)", "the same for every input"),
    ("model[2].weight.data *= 100", "not ln C"),
    (
        NUMBERS + "optimizer = SGD(model.parameters(), lr=5.0)",
        "in 25 steps on one batch",
    ),
    ("optimizer = SGD(model.parameters(), lr=1e-9)", "hardly move"),
    (
        "model = nn.Sequential(nn.Linear(8, 8), Do(lambda x: x - 99), nn.ReLU(), *mlp())",
        "the same for every input",
    ),
    (
        "inputs = 1e-4 * inputs; target = torch.arange(64) % 4",
        "not learned by heart",
    ),
    (
        "optimizer = adamw(); scheduler = LambdaLR(optimizer, lambda k: 1e-3)",
        "stays below 2 %",
    ),
    ("optimizer = adamw(); scheduler = ExponentialLR(optimizer, 1.1)", "by over 100"),
    (
        "optimizer = adamw(); scheduler = LambdaLR(optimizer, lambda k: 0.5 - k)",
        "makes the rate negative",
    ),
    (ONE + "criterion = lambda o, t: F.soft_margin_loss(o, t)", "wants targets of 1 and -1"),
    (
        "target = (inputs > 0).long(); model = mlp(outputs=8)\n"
        "criterion = nn.MultiLabelMarginLoss()",
        "wants numbers of classes",
    ),
    (
        ONE + "inputs = inputs.repeat(2, 1); target = torch.zeros(128, 1)\n"
        "criterion = nn.BCEWithLogitsLoss()",
        "one class in the batch",
    ),
    (
        ONE + "target = (inputs[:, :1] > 1).float(); share = target.mean()\n"
        "criterion = nn.BCEWithLogitsLoss(pos_weight=share / (1 - share))",
        "pos_weight is upside down",
    ),
    ("target = (inputs[:, :4] / 50).softmax(1)", "soft labels are all alike"),
    ("model = nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 4))", "nothing between"),
    ("optimizer = torch.optim.LBFGS(model.parameters(), lr=1e-5)", "LBFGS at a rate"),
    (
        "optimizer = adamw(); scheduler = LambdaLR(optimizer, lambda k: k // 200)",
        "the rate stays at 0 for 199 steps",
    ),
    (
        "optimizer = Adam(model.parameters(), lr=3e-3, weight_decay=3.0)",
        "weight_decay is 3.0, without it",
    ),
    (
        TOKENS + "model[0].weight.data *= 3; model[1].weight = model[0].weight",
        "not ln C",
    ),
    ("optimizer = adamw(lr=1e-7)", "hardly move"),
    (
        "class Own(torch.optim.Optimizer): step = SGD.step\n"
        "optimizer = SGD(model.parameters(), lr=0.1); criterion = lambda o, t: t[99]",
        "a step raises",
    ),
    (CTC.replace(".log_softmax(2)", ""), "ctc_loss wants logarithms"),
    (
        HEALTHY["KL"] + "\nmodel[3] = nn.Softmax(1)\n"
        "criterion = lambda o, t: F.kl_div(o, t, reduction='batchmean')",
        "kl_div wants logarithms",
    ),
    (COUNTS + "model.append(nn.Softplus())", "poisson_nll_loss wants logarithms"),
    (
        COUNTS + "model.append(nn.ReLU())\n"
        "criterion = lambda o, t: F.poisson_nll_loss(o, t, True)",
        "poisson_nll_loss wants logarithms",
    ),
    (NUMBERS + "model.append(nn.Dropout(0.2))", "dropout after the last layer"),
    ("optimizer = torch.optim.Adadelta(model.parameters(), 1e-3)", "Adadelta at a rate"),
    (FACTORS, "a plain tensor, factor"),
    (FACTORS + "model = nn.Sequential(model, mlp())", "a plain tensor, 0.factor"),
    ("model = mlp(nn.BatchNorm1d(4)); inputs, target = inputs[:2], target[:2]", "BatchNorm over 2 values"),
    (
        SMALL + "scaler = torch.amp.GradScaler('cpu', enabled=False)",
        "the gradient of body.0.bias, body.0.weight, body.2.bias and 1 more is 0",
    ),
]  # fmt: skip


def setup(code: str) -> dict:
    names: dict = {}
    exec(CLASSES + code, names)
    if "optimizer" not in names:
        exec("optimizer = adamw()", names)
    arguments = "model", "criterion", "optimizer", "inputs", "target"
    optional = [name for name in ("scheduler", "scaler") if name in names]
    return {name: names[name] for name in (*arguments, *optional)}


@pytest.mark.parametrize("name", HEALTHY)
def test_it_is_quiet_on_a_healthy_setup(name):
    assert doctor(**setup(HEALTHY[name])) == []


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group")
@pytest.mark.parametrize("code, words", BROKEN, ids=[words for _, words in BROKEN])
def test_it_names_a_planted_fault(code, words):
    faults = doctor(**setup(code))
    assert any(words in fault for fault in faults), faults


def test_every_sentence_has_its_case_and_names_a_page():
    source = (ROOT / "snippets/troubleshoot/doctor/doctor.py").read_text("utf-8")
    pages = set(re.findall(r'"((?:\w+/)+\w+)"', source))
    assert len(pages) > 8
    for page in pages:
        assert (ROOT / f"docs/{page}.md").is_file(), page
    said = "\n".join(words for _, words in BROKEN)
    assert len(BROKEN) >= len(re.findall("yield (?!from)", source)), said


# Set-ups by authors who had not seen the doctor: pairs of a broken and a healthy one, and
# healthy ones. What it does not see, and where it is wrong, stands on its page.
SETS = {
    "first": ({**held_out_batch(), **held_out_network(), **held_out_training()}, {}),
    "second": (held_out_third.pairs(), held_out_third.healthy()),
    "third": (held_out_fourth.pairs(), held_out_fourth.healthy()),
}
MISSED = {
    # of the second set
    "the two views of a contrastive batch are shuffled apart",
    "the VAE averages its reconstruction and sums its KL",
    "the generator minimises log(1 - D) against a sure critic",
    "the attention heads are merged without a transpose",
    "the plateau of a loss is watched for its maximum",
    # of the third
    "the KL term is summed, the reconstruction averaged",
    "the latent is drawn by sample(), not rsample()",
    "the likelihood forgets the logarithm of the variance",
    "the similarities are multiplied by the temperature",
    "ignore_index is a class that counts",
    "the attention knows no positions",
    "a home-made layer starts from torch.randn, unscaled",
    "an image (H, W, C) is viewed as (C, H, W)",
    "the generator minimises log(1 - D) against a sure discriminator",
    "ReduceLROnPlateau is told that more is better",
    "the loss of one task dwarfs that of the other",
}
ALARMS: set[str] = set()  # false ones
CASES = [
    (name, case, pair)
    for pairs, healthy in SETS.values()
    for cases, pair in ((pairs, True), (healthy, False))
    for name, case in cases.items()
]


@pytest.mark.parametrize(
    ("name", "case", "pair"),
    [case for i, case in enumerate(CASES) if due(i, 8)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_set_ups_of_other_authors(name, case, pair):
    if pair:
        assert bool(doctor(**case(True))) is (name not in MISSED)
    healthy = case(False) if pair else case()
    assert bool(doctor(**healthy)) is (name in ALARMS)


def test_the_page_counts_these_sets():
    text = (ROOT / "docs/troubleshoot/doctor.md").read_text("utf-8")
    rows = []
    for name, (pairs, healthy) in SETS.items():
        found, count = len(pairs.keys() - MISSED), len(pairs)
        alarms = len((pairs.keys() | healthy.keys()) & ALARMS)
        rows.append(
            f"| {name} | {found} of {count} | {alarms} of {count + len(healthy)} |"
        )
    assert all(row in text for row in rows), rows
    assert len({name for name, *_ in CASES}) == len(CASES)
    assert {name for name, *_ in CASES} >= MISSED | ALARMS


def test_parameters_of_the_criterion_keep_their_gradients():
    parts = setup(HEALTHY["the criterion has its own"])
    scale = parts["optimizer"].param_groups[0]["params"][-1]
    assert doctor(**parts) == [] and scale.shape == () and scale.grad is None


def state(parts: dict) -> list:
    """All that a call could change."""
    model, optimizer = parts["model"], parts["optimizer"]
    tensors = [*model.state_dict().values(), *(p.grad for p in model.parameters())]
    tensors += [parts["inputs"], parts["target"], torch.get_rng_state()]
    rest = [
        optimizer.state_dict()["param_groups"],
        [m.training for m in model.modules()],
    ]
    for values in optimizer.state.values():
        tensors += values.values()
    for name in ("scheduler", "scaler"):
        if name in parts:
            rest.append(str(parts[name].state_dict()))
    return copy.deepcopy([tensors, rest])


@pytest.mark.parametrize(
    "name", ["after some steps", "BatchNorm, dropout", "one cycle"]
)
def test_it_changes_nothing(name):
    parts = setup(HEALTHY[name])
    before = state(parts)
    doctor(**parts)
    tensors, rest = state(parts)
    assert rest == before[1]
    for old, new in zip(before[0], tensors, strict=True):
        assert (old is None and new is None) or old.equal(new)
    assert parts["inputs"].grad is None and not parts["inputs"].requires_grad


def test_what_is_no_setup_is_refused():
    parts = setup("")
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, got .*func"):
        doctor(**parts | {"model": lambda x: x})
    with pytest.raises(
        TypeError, match="optimizer must be a torch.optim.Optimizer, got"
    ):
        doctor(**parts | {"optimizer": nn.Linear(1, 1)})
