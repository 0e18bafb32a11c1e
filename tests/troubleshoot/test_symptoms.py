"""Each check of the symptoms is quiet on a healthy set-up, and the first to fail on its bug.

The pages' own tests run the checks on the healthy set-up. Here each has bugs planted for
it: all checks above it still pass, and it does not.
"""

import ast
import re

import pytest

from tools.messages import entries
from tools.pages import ROOT, read

ADAM = "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)"
STEP = "def step({0}):\n    global kept\n    loss = criterion(model(inputs), target)\n"

# By page and symptom, for each check in order: bugs, planted after the page's set-up.
BUGS = {
    "loss#nan": [
        [
            "inputs = inputs.clone(); inputs[0, 0] = math.nan",
            "target = target.float(); target[0] = math.nan",
        ],
        ["target = torch.full_like(target, -100)"],
        ["model[0].weight.data[0, 0] = math.inf"],
        [
            "def criterion(output, target):\n"
            "    log_p = (500 * output).softmax(1).log()\n"
            "    return -(F.one_hot(target, 4) * log_p).sum(1).mean()"
        ],
        [
            "def criterion(output, target):\n"
            "    size = (output - output.detach()).square().sum().sqrt()\n"
            "    return F.cross_entropy(output, target) + size"
        ],
        [
            "model, inputs = model.half(), inputs.half()\n" + ADAM,
            "optimizer.state[model[0].weight]['exp_avg'].fill_(math.nan)",
        ],
        [
            "def criterion(output, target):\n"
            "    return F.mse_loss(output, F.one_hot(target, 4).float(), reduction='sum')\n"
            "optimizer = torch.optim.SGD(model.parameters(), lr=1.0)"
        ],
    ],
    "loss#explodes": [
        [
            "inputs = inputs.clone(); inputs[0] *= 1000\n"
            "target = target.clone(); target[0] = model(inputs)[0].argmin()"
        ],
        [
            "optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)\n"
            + STEP.format("")
            + "    loss.backward()\n    optimizer.step()\n    return loss"
        ],
        [
            "class Large(nn.Linear):\n"
            "    def reset_parameters(self):\n"
            "        super().reset_parameters()\n"
            "        self.weight.data *= 1000\n"
            "model[2] = Large(32, 4)"
        ],
        ["optimizer = torch.optim.SGD(model.parameters(), lr=30.0)"],
    ],
    "loss#not-decreasing": [
        ["def criterion(o, t): return F.cross_entropy(o.detach(), t)"],
        ["model[0].weight.requires_grad_(False)"],
        ["model[2] = nn.Linear(32, 4)"],
        [
            "optimizer.param_groups[0]['lr'] = 0.0",
            STEP.format("") + "    loss.backward()\n    optimizer.zero_grad()\n"
            "    optimizer.step()\n    return loss",
        ],
        [
            "criterion, target = nn.PoissonNLLLoss(), target.float()\n"
            "model = nn.Linear(8, 1)\n" + ADAM
        ],
        ["model.append(nn.Softmax(1))"],
        ["inputs = torch.zeros_like(inputs)"],
    ],
    "loss#chance": [
        ["model[0].bias.data -= 100"],
        [
            "y = torch.randint(4, (1024,))\n"
            "loader = DataLoader(TensorDataset(x, y), 32, shuffle=True)"
        ],
        ["moved = sequence.view(2, 3, 5)"],
    ],
    "loss#negative": [
        ["labels = labels * 2 - 1", "labels = labels * 255"],
        ["log_p = logits"],
        ["p = logits"],
    ],
    "loss#majority": [
        ["model[2] = nn.Linear(32, 1)"],
        ["model.append(nn.Sigmoid())", "model.append(nn.ReLU())"],
        [
            "order = y.argsort()\n"
            "loader = DataLoader(TensorDataset(x[order], y[order]), 32)"
        ],
        ["y = (y == 0).long() * (x[:, 0] > 1)"],
        ["torch.manual_seed(1); x = torch.randn(1024, 8)"],
    ],
    "loss#mean": [
        ["wanted = wanted.squeeze(1)"],
        ["wanted = 10_000 * wanted"],
        ["net[0].bias.data -= 100"],
        ["wanted = net(features)"],
        ["wanted = torch.randn(64, 1)"],
    ],
    "loss#margin": [
        ["embed[2].weight.data.zero_()"],
        ["people = torch.arange(32)", "people = torch.zeros(32).long()"],
        ["margin = 3.0"],
        ["faces = torch.randn(8, 16)[people]; margin = 1e-3"],
    ],
    "loss#blanks": [
        ["log_probs = log_probs.transpose(0, 1)"],
        [
            "log_probs = torch.randn(steps, batch, symbols)",
            "log_probs = log_probs.log_softmax(0)",
            "log_probs = log_probs.exp()",
        ],
        ["spelled[0, 0] = blank", "spelled[0, 0] = symbols"],
        [
            "input_lengths = torch.full((batch,), 5)",
            "spelled[:] = 1; input_lengths = torch.full((batch,), 6)",
        ],
        [
            "def greedy(path):\n"
            "    kept = [s for s in path if s != blank]\n"
            "    return [s for i, s in enumerate(kept) if not i or s != kept[i - 1]]"
        ],
    ],
    "run#validation": [
        ["model[1].running_var.fill_(1e-4)", "model[1].running_mean.fill_(9.0)"],
        ["valid = (255 * valid[0], valid[1])", "valid = (valid[0] + 9, valid[1])"],
        [
            "valid = (valid[0], valid[1] + 1)",
            "valid = (valid[0], torch.zeros_like(valid[1]))",
        ],
    ],
    "run#better": [
        ["valid = (torch.cat([valid[0], train[0][:5]]), None)"],
        [
            "model.append(nn.Dropout(0.5))",
            "criterion = nn.CrossEntropyLoss(label_smoothing=0.1)",
        ],
    ],
    "run#overconfident": [
        [
            "criterion = nn.CrossEntropyLoss(label_smoothing=0.1)",
            "criterion = nn.CrossEntropyLoss(torch.ones(4))",
        ],
        ["output = 30 * torch.randn(64, 4)"],
        [
            "output = 20.0 * F.one_hot(target_of_output, 4)\noutput[0] = -output[0]",
        ],
    ],
    "run#spikes": [
        ["logged = 2 * [0.1 * 0.5**k for k in range(8)]"],
        [ADAM],
        ["loader = DataLoader(TensorDataset(*train), 32)"],
        ["loader = DataLoader(TensorDataset(x[:257], y[:257]), 32, shuffle=True)"],
        ["criterion(model(inputs), target).backward()"],
    ],
    "run#resume": [
        ["resumed[3].reset_parameters()", "resumed[1].reset_running_stats()"],
        [
            "again.param_groups[0]['lr'] = 1e-2",
            "later = torch.optim.lr_scheduler.CosineAnnealingLR(again, 192)",
        ],
        ["again.state.clear()"],
        [
            "a, b = resumed[0].bias, resumed[3].bias\n"
            "again.state[a], again.state[b] = again.state[b], again.state[a]"
        ],
        ["resumed.eval()"],
    ],
    "run#rate": [
        [ADAM],
        [
            "optimizer.lr = 0.1",
            "optimizer.param_groups[0]['learning_rate'] = 0.1",
        ],
        [
            "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 0.9**k)\n"
            "optimizer.step()\nscheduler.step()"
        ],
    ],
    "run#slower": [
        [
            "kept = 0.0\n" + STEP.format("inputs, target") + "    kept = kept + loss\n"
            "    kept.backward(retain_graph=True)\n    return kept"
        ],
        [
            STEP.format("inputs, target")
            + "    model[0].register_forward_hook(lambda *_: None)\n    return loss",
            STEP.format("inputs, target")
            + "    new = nn.Parameter(torch.ones(1))\n"
            + "    optimizer.add_param_group({'params': [new]})\n    return loss",
        ],
    ],
    "run#memory": [
        ["total = criterion(model(inputs), target)"],
        [
            "kept = []\n"
            + STEP.format("inputs, target")
            + "    kept.append(loss)\n    loss.backward()\n    return loss"
        ],
        ["def evaluate(model, x): return model(x)"],
        ["optimizer.add_param_group({'params': [nn.Parameter(torch.ones(1))]})"],
    ],
    "run#differs": [
        [
            "def build():\n"
            "    layer = nn.Linear(8, 4)\n    torch.manual_seed(0)\n    return layer"
        ],
        ["def make_loader(): return DataLoader(TensorDataset(*train), 32, shuffle=True)"],
        [
            "import random\n"
            "class Noise(nn.Module):\n"
            "    def forward(self, x): return x * (1 + random.random())\n"
            "model.append(Noise())"
        ],
        [
            "def criterion(output, target):\n"
            "    return torch.zeros(4).put_(target[:1], output[:1, 0]).sum()"
        ],
    ],
    "run#half": [
        ["model.half()", "model[0].bfloat16()"],
        ["model[5].weight.data *= 1e6", "model.insert(0, nn.Linear(8, 8)); inputs *= 1e6"],
        ["def criterion(o, t): return (o - F.one_hot(t, 4)).square().mean()"],
        [
            "scaler = torch.amp.GradScaler('cpu', init_scale=1e-3)\n"
            "scaler.scale(torch.ones(()))"
        ],
        ["model.register_buffer('sum', torch.zeros((), dtype=torch.bfloat16))"],
    ],
}  # fmt: skip

SYMPTOMS = {f"{entry.page.stem}#{entry.anchor}": entry for entry in entries("symptoms")}
CASES = [
    (symptom, number, bug)
    for symptom, checks in BUGS.items()
    for number, bugs in enumerate(checks)
    for bug in bugs
]


def blocks(symptom: str):
    """Code: set-up of the page, functions of the page, set-up and checks of the symptom."""
    entry = SYMPTOMS[symptom]
    path = ROOT / "docs" / entry.page
    lines = path.read_text("utf-8").split("\n")
    heads = [n for n, line in enumerate(lines, 1) if line.startswith("## ")]
    (start,) = (n for n in heads if f"{{ #{entry.anchor} }}" in lines[n - 1])
    end = min([n for n in heads if n > start], default=len(lines))
    fences = [fence for fence in read(path) if fence.runs]
    page = [f.source for f in fences if f.number < heads[0]]
    own = [f.source for f in fences if start < f.number < end]
    functions = [
        ast.unparse(node)
        for fence in fences
        for node in ast.parse(fence.source).body
        if isinstance(node, ast.FunctionDef) and fence.number > heads[0]
    ]
    checks = [code for code in own if re.search("assert|use_deterministic", code)]
    return page, functions, [code for code in own if code not in checks], checks


def test_every_check_has_its_bug():
    assert len(SYMPTOMS) >= 15
    counts = {symptom: len(blocks(symptom)[3]) for symptom in SYMPTOMS}
    assert counts == {symptom: len(checks) for symptom, checks in BUGS.items()}


@pytest.mark.parametrize(
    "symptom, number, bug", CASES, ids=[f"{s}-{n + 1}" for s, n, _ in CASES]
)
def test_a_check_is_the_first_to_fail_on_its_bug(symptom, number, bug):
    page, functions, setup, checks = blocks(symptom)
    names: dict = {}
    # The functions of other symptoms first: the set-up and the bug may define their own.
    for code in [*functions, *page, *setup, bug, *checks[:number]]:
        exec(code, names)
    with pytest.raises((AssertionError, RuntimeError)) as failure:
        exec(checks[number], names)
    if failure.type is RuntimeError:  # torch's own words
        assert "deterministic" in str(failure.value)
