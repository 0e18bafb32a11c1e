"""A third set of training set-ups: 30 pairs of broken and healthy, and 60 healthy ones.

Source: mistakes posted in forums and issues, planted by hand. Among them:

- every label masked: huggingface/trl#1191, #1493;
- frames fewer than letters under `zero_infinity`: wenet-e2e/wenet#2299, thu-spmi/CAT#22;
- VAE sums and means: pytorch/examples#296, zdebruine/MMVAE#19;
- `CosineEmbeddingLoss` takes any target: pytorch/pytorch#23782, #49917;
- unit embeddings as a head: pytorch/pytorch#3121, huggingface/transformers#26441;
- both LoRA factors at zero: Guitaricet/relora#18, NovaSky-AI/SkyRL#852;
- updates lost in bfloat16: pytorch/ao#1124, workofart/ml-by-hand#85.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from functools import cache, partial, wraps

import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler as schedules

Case = dict[str, object]  # the arguments of the tool
Judge = Callable[[nn.Module], float]  # a fair measure on unseen data; lower is better
Built = tuple[Case, Judge]

CE, BCE, MSE = nn.CrossEntropyLoss, nn.BCEWithLogitsLoss, nn.MSELoss
PAIRS: dict[str, Callable[[bool], Built]] = {}
HEALTHY: dict[str, Callable[[], Built]] = {}
STEPS: dict[str, int] = {}  # how long each set-up trains in the proof
CLIP: dict[str, float] = {}  # the largest gradient norm, for those that must be clipped


def _register(table: dict, words: str, steps: int, clip: float | None = None):
    def decorate(build):
        @wraps(build)
        def seeded(*args):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                return build(*args)

        assert words not in STEPS, words
        table[words], STEPS[words] = seeded, steps
        if clip:
            CLIP[words] = clip
        return seeded

    return decorate


_pair, _sound = partial(_register, PAIRS), partial(_register, HEALTHY)


class _Net(nn.Module):
    """Parts with a name, and a rule that says how the input runs through them."""

    def __init__(self, rule, **parts):
        super().__init__()
        self.rule = rule
        for name, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, x):
        return self.rule(self, x)


def _mlp(*widths, act=nn.ReLU):
    pairs = zip(widths[:-1], widths[1:], strict=True)
    layers = [layer for pair in pairs for layer in (nn.Linear(*pair), act())]
    return nn.Sequential(*layers[:-1])


def _measure(loss, x, y) -> Judge:
    def judge(model):
        model = deepcopy(model).eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            return float(loss(model(x), y))

    return judge


def _case(model, criterion, optimizer, x, y, **more) -> Case:
    case = {"model": model, "criterion": criterion, "optimizer": optimizer}
    return case | {"inputs": x, "target": y} | more


def _cut(x, y, n):
    """The first `n` to train on, the rest to judge by."""
    return x[:n], y[:n], x[n:], y[n:]


def _pretrain(model, loss, x, y, steps, lr=0.01, kind=torch.optim.Adam):
    optimizer = kind(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    optimizer.zero_grad()
    return optimizer


# ---- data


@cache
def _table(name):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    return torch.tensor(x, dtype=torch.float32)[order], torch.tensor(y)[order]


def _digits(n=256, held=512, flat=True):
    x, y = _table("digits")
    x, y = x[: n + held] / 16, y[: n + held]
    return _cut(x if flat else x.view(-1, 1, 8, 8), y, n)


def _standard(name, n, dtype=torch.float32):
    x, y = _table(name)
    x = ((x - x[:n].mean(0)) / x[:n].std(0)).to(dtype)
    return _cut(x, y, n)


def _gratings(n, channels=1, size=12):
    """Stripes in one of four directions, as bytes."""
    y = torch.randint(4, (n,))
    angle = y * math.pi / 4 + 0.1 * torch.randn(n)
    grid = torch.arange(size, dtype=torch.float32)
    along = (
        angle.cos().view(-1, 1, 1) * grid + angle.sin().view(-1, 1, 1) * grid[:, None]
    )
    wave = torch.sin(along * 1.3 + 6.3 * torch.rand(n, 1, 1)).unsqueeze(1)
    tint = 0.6 + 0.4 * torch.rand(n, channels, 1, 1)
    x = 127 + 80 * wave * tint + 25 * torch.randn(n, channels, size, size)
    return x.clamp(0, 255).round(), y


def _blobs(n, size=16, wide=7, high=3):
    """Bright bars on noise, and their masks."""
    y = torch.zeros(n, size, size)
    corner = torch.rand(n, 2)
    for mask, (row, col) in zip(y, corner.tolist(), strict=True):
        i, j = int(row * (size - high)), int(col * (size - wide))
        mask[i : i + high, j : j + wide] = 1
    return (y + 0.4 * torch.randn(n, size, size)).unsqueeze(1), y


def _steps(n, length=12, vocab=16):
    """Counting sequences: each has its start and its step, so the next token is sure."""
    start, step = torch.randint(vocab, (n, 1)), torch.randint(1, 4, (n, 1))
    return (start + step * torch.arange(length + 1)) % vocab


def _speech(n, letters=6, count=5, repeat=3, noise=0.3):
    """Words of letters 1..count that never repeat at once, each a few noisy frames."""
    y = torch.randint(1, count + 1, (n, letters))
    for i in range(1, letters):
        same = y[:, i] == y[:, i - 1]
        y[same, i] = y[same, i] % count + 1
    frames = F.one_hot(y, count + 1)[:, :, 1:].float().repeat_interleave(repeat, 1)
    return frames + noise * torch.randn_like(frames), y


def _views(n, classes, width, noise):
    """Pairs of noisy views of a point, with a nuisance that both share."""
    points = torch.randn(classes, width)
    kind = torch.randint(classes, (n,))
    return points[kind].unsqueeze(1) + noise * torch.randn(n, 2, width), kind


def _words(n, length, vocab=30, shortest=3):
    """Texts padded with 0; the label says which half of the vocabulary wins."""
    x = torch.randint(2, vocab, (n, length))
    x[torch.arange(length) >= torch.randint(shortest, length + 1, (n, 1))] = 0
    score = torch.where(x > vocab // 2, 1.0, -1.0) * (x > 0)
    return x, (score.sum(1) > 0).long()


def _causal(length):
    return torch.ones(length, length, dtype=torch.bool).triu(1)


def _by_token(out, y):
    return F.cross_entropy(out.mT, y)


# ---- pairs: the batch and the target


@_pair("pixels are divided by 255 twice", 100)
def _twice_scaled(bad):
    x, y = _gratings(320)
    x = x / 255 / (255 if bad else 1)
    x, y, xt, yt = _cut(x, y, 128)
    layers = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU()
    pool = nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 4)
    model = nn.Sequential(*layers, *pool)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


def _bag(net, x):
    seen = (x > 0).unsqueeze(-1)
    return net.head((net.table(x) * seen).sum(1) / seen.sum(1).clamp(min=1))


@_pair("another vocabulary turns every word into the unknown one", 60)
def _unknown(bad):
    x, y = _words(400, 12)
    x = torch.where(x > 0, 1, 0) if bad else x
    x, y, xt, yt = _cut(x, y, 200)
    model = _Net(_bag, table=nn.Embedding(30, 16, padding_idx=0), head=nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


def _recurrent(net, x):
    return net.head(net.body(net.table(x))[0])


@_pair("the language model's target is not shifted", 80)
def _unshifted(bad):
    tokens, unseen = _steps(96), _steps(96)
    x, y = tokens[:, :-1], tokens[:, :-1] if bad else tokens[:, 1:]
    body = nn.GRU(16, 32, batch_first=True)
    parts = {"table": nn.Embedding(16, 16), "head": nn.Linear(32, 16)}
    model = _Net(_recurrent, body=body, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    judge = _measure(_by_token, unseen[:, :-1], unseen[:, 1:])
    return _case(model, _by_token, optimizer, x, y), judge


@_pair("the collator masks every label", 60)
def _all_masked(bad):
    tokens, unseen = _steps(64), _steps(64)
    y = tokens[:, 1:].clone()
    y[:, : 12 if bad else 4] = -100  # the prompt is not learned
    body = nn.LSTM(12, 24, batch_first=True)
    parts = {"table": nn.Embedding(16, 12), "head": nn.Linear(24, 16)}
    model = _Net(_recurrent, body=body, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    judge = _measure(_by_token, unseen[:, :-1], unseen[:, 1:])
    return _case(model, _by_token, optimizer, tokens[:, :-1], y), judge


@_pair("a threshold in the wrong unit gives all the same label", 80)
def _one_label(bad):
    x = torch.randn(400, 6)
    income = 48 + 15 * x[:, :1] + 8 * x[:, 1:2] * x[:, 2:3]  # thousands
    right, y = (income > 50).float(), (income > (50_000 if bad else 50)).float()
    model = _mlp(6, 24, 1, act=nn.GELU)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    judge = _measure(BCE(), x[200:], right[200:])
    return _case(model, BCE(), optimizer, x[:200], y[:200]), judge


@_pair("the soft labels come from a teacher that was never loaded", 80)
def _blank_teacher(bad):
    x, y, xt, yt = _digits(200)
    teacher = _mlp(64, 48, 10)
    if not bad:
        _pretrain(teacher, CE(), x, y, 60)
    soft = (teacher(x).detach() / 2).softmax(1)
    model = _mlp(64, 16, 10, act=nn.Tanh)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return _case(model, CE(), optimizer, x, soft), _measure(CE(), xt, yt)


def _contrast(out, y):
    left, right = F.normalize(out, dim=-1).unbind(1)
    return F.cross_entropy(left @ right.T / 0.2, y)


@_pair("the two views of a contrastive batch are shuffled apart", 60)
def _shuffled_views(bad):
    alike, nuisance = torch.randn(320, 1, 6), 0.5 * torch.randn(320, 2, 10)
    x = torch.cat([alike.expand(-1, 2, -1), nuisance], 2)
    model, rows = _mlp(16, 48, 8), torch.arange(160)
    x, xt = (x @ torch.linalg.qr(torch.randn(16, 16))[0]).split(160)
    order = torch.randperm(160) if bad else torch.arange(160)
    x = torch.stack([x[:, 0], x[order, 1]], 1)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, _contrast, optimizer, x, rows), _measure(_contrast, xt, rows)


# ---- pairs: the loss


def _ctc(out, y, raw=False, **options):
    out = out if raw else out.log_softmax(2)
    n, length = out.shape[:2]
    sizes = torch.full((n,), length), torch.full((n,), y.shape[1])
    return F.ctc_loss(out.transpose(0, 1), y, *sizes, **options)


def _undecoded(out, y):
    """The part of the sequences that greedy decoding gets wrong."""
    paths = [path.unique_consecutive() for path in out.argmax(2)]
    words = [path[path > 0].tolist() for path in paths]
    wrong = [word != right for word, right in zip(words, y.tolist(), strict=True)]
    return sum(wrong) / len(wrong)


@_pair("the CTC loss hides that the frames are fewer than the letters", 150)
def _short_ctc(bad):
    x, y, xt, yt = _cut(*_speech(96, letters=8), 48)
    convs = nn.Conv1d(5, 24, 3, stride=4 if bad else 1, padding=1), nn.ReLU()
    rule = lambda net, x: net.body(x.mT).mT  # noqa: E731
    model = _Net(rule, body=nn.Sequential(*convs, nn.Conv1d(24, 6, 1)))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    loss = partial(_ctc, zero_infinity=True)
    return _case(model, loss, optimizer, x, y), _measure(_undecoded, xt, yt)


def _vae(net, x):
    mean, spread = net.encoder(x).chunk(2, 1)
    noise = torch.randn_like(mean) if net.training else torch.zeros_like(mean)
    return net.decoder(mean + noise * (spread / 2).exp()), mean, spread


def _elbo(out, x, averaged=False):
    image, mean, spread = out
    kl = 0.5 * (mean**2 + spread.exp() - 1 - spread).sum() / len(x)
    error = F.mse_loss(image, x) if averaged else 20 * ((image - x) ** 2).sum() / len(x)
    return error + kl


@_pair("the VAE averages its reconstruction and sums its KL", 250)
def _collapsed(bad):
    x, _, xt, _ = _digits(200)
    parts = {"encoder": _mlp(64, 32, 8), "decoder": _mlp(4, 32, 64)}
    model = _Net(_vae, **parts)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    judge = _measure(lambda out, x: F.mse_loss(out[0], x), xt, xt)
    loss = partial(_elbo, averaged=bad)
    return _case(model, loss, optimizer, x, x), judge


@_pair("KLDivLoss gets probabilities, not their logarithms", 60)
def _kl_probs(bad):
    x, y, xt, yt = _digits(200)
    teacher = _mlp(64, 48, 10)
    _pretrain(teacher, CE(), x, y, 60)
    soft, unseen = ((teacher(z).detach() / 3).softmax(1) for z in (x, xt))
    last = nn.Softmax(1) if bad else nn.LogSoftmax(1)
    model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10), last)
    optimizer, loss = torch.optim.Adam(model.parameters(), 5e-3), nn.KLDivLoss
    loss = loss(reduction="batchmean")

    def fair(out, soft):
        return loss(out.clamp(min=1e-9).log() if bad else out, soft)

    return _case(model, loss, optimizer, x, soft), _measure(fair, xt, unseen)


@_pair("CosineEmbeddingLoss gets 0 for the pairs that differ", 80)
def _cosine_zeros(bad):
    points = torch.randn(6, 10) + 2
    kinds = torch.randint(6, (400, 2))
    kinds[::2, 1] = kinds[::2, 0]
    x = points[kinds] + 0.5 * torch.randn(400, 2, 10)
    right = (kinds[:, 0] == kinds[:, 1]).float() * 2 - 1
    y = (right > 0).float() if bad else right

    def loss(out, y):
        return F.cosine_embedding_loss(out[:, 0], out[:, 1], y, margin=0.2)

    model = _mlp(10, 32, 8, act=nn.Tanh)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    case = _case(model, loss, optimizer, x[:200], y[:200])
    return case, _measure(loss, x[200:], right[200:])


@_pair("MultiLabelMarginLoss gets ones and zeros, not the labels", 80)
def _multi_hot(bad):
    x = torch.randn(300, 8)
    tags = (x[:, :5] + 0.3 * torch.randn(300, 5) > 0.4).long()
    lists = torch.full_like(tags, -1)
    for row, hot in zip(lists, tags, strict=True):
        names = hot.nonzero().flatten()
        row[: len(names)] = names
    loss, model = nn.MultiLabelMarginLoss(), _mlp(8, 24, 5)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    case = _case(model, loss, optimizer, x[:150], (tags if bad else lists)[:150])
    return case, _measure(loss, x[150:], lists[150:])


@_pair("the generator minimises log(1 - D) against a sure critic", 100)
def _saturated(bad):
    real, noise = 3 + 0.5 * torch.randn(128, 2), torch.randn(256, 4)
    generator, critic = _mlp(4, 32, 2), _mlp(2, 16, 1, act=nn.Tanh)
    with torch.no_grad():
        fake = generator(noise[:128])
    both, label = torch.cat([real, fake]), torch.arange(256).view(-1, 1) < 128
    _pretrain(critic, BCE(), both, label.float(), 150, lr=0.05)
    for layer in critic[2:]:  # sure, as after long training
        layer.weight.data *= 2
        layer.bias.data *= 2
    model = nn.Sequential(generator, critic.requires_grad_(False))
    optimizer = torch.optim.SGD(generator.parameters(), 0.02, momentum=0.5)

    def loss(score, y):
        return -F.softplus(score).mean() if bad else F.softplus(-score).mean()

    def away(model):
        with torch.no_grad():
            return float((model[0](noise[128:]) - 3).norm(dim=1).mean())

    case = _case(model, loss, optimizer, noise[:128], torch.ones(128, 1))
    return case, away


def _dice(out, y):
    p = out.sigmoid()
    return (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


@_pair("the Dice score is minimised, not one minus it", 60)
def _dice_score(bad):
    x, y = _blobs(80)
    layers = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1)
    model = nn.Sequential(*layers, nn.Flatten(1, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    loss = _dice if bad else lambda out, y: 1 - _dice(out, y)
    judge = _measure(lambda out, y: 1 - _dice(out, y), x[32:], y[32:])
    return _case(model, loss, optimizer, x[:32], y[:32]), judge


@_pair("pos_weight is the positives over the negatives", 150)
def _weight_upside_down(bad):
    x = torch.randn(1200, 5)
    y = (x[:, :1] + x[:, 1:2] + 0.5 * torch.randn(1200, 1) > 2.0).float()
    ratio = (y[:600] == 0).sum() / y[:600].sum()
    right = BCE(pos_weight=ratio)
    loss = BCE(pos_weight=1 / ratio) if bad else right
    model = _mlp(5, 8, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    case = _case(model, loss, optimizer, x[:600], y[:600])
    return case, _measure(right, x[600:], y[600:])


@_pair("the errors are averaged before they are squared", 120)
def _averaged(bad):
    x, y, xt, yt = _standard("diabetes", 220)
    y, yt = (((v - 152) / 77).float().unsqueeze(1) for v in (y, yt))
    model = _mlp(10, 16, 1, act=nn.Tanh)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.1)
    loss = (lambda out, y: (out - y).mean() ** 2) if bad else MSE()
    return _case(model, loss, optimizer, x, y), _measure(MSE(), xt, yt)


@_pair("one of two tasks is in millimetres and drowns the other", 100)
def _millimetres(bad):
    x = torch.randn(700, 8)
    kind = (x[:, 0] > 0).float() + (x[:, 2] > 0.5).float()
    metres = x[:, 3] + 0.5 * x[:, 4] ** 2 + 0.5 * torch.randn(700)
    y = torch.stack([kind, metres * (1000 if bad else 1)], 1)
    model = _mlp(8, 32, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(out, y):
        return F.cross_entropy(out[:, :3], y[:, 0].long()) + F.mse_loss(
            out[:, 3], y[:, 1]
        )

    judge = _measure(CE(), x[400:], kind[400:].long())
    case = _case(model, loss, optimizer, x[:400], y[:400])
    return case, lambda model: judge(
        _Net(lambda net, x: net.body(x)[:, :3], body=model)
    )


# ---- pairs: the network


class _Attention(nn.Module):
    def __init__(self, width, heads, mixed=False):
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.mixed = heads, mixed

    def forward(self, x, causal=False):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out((out if self.mixed else out.transpose(1, 2)).reshape(x.shape))


def _decode(net, x):
    x = net.table(x) + net.place[: x.shape[1]]
    x = x + net.look(net.norm(x), causal=net.causal)
    return net.head(x + net.body(x))


def _decoder(vocab, width, causal=True):
    place = nn.Parameter(0.1 * torch.randn(16, width))
    parts = {"table": nn.Embedding(vocab, width), "look": _Attention(width, 2)}
    parts |= {"norm": nn.LayerNorm(width), "body": _mlp(width, 2 * width, width)}
    model = _Net(_decode, **parts, place=place, head=nn.Linear(width, vocab))
    model.causal = causal
    return model


@_pair("the causal mask is missing", 120)
def _leaks(bad):
    tokens, unseen = _steps(128), _steps(128)
    model = _decoder(16, 32, causal=not bad)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)

    def generate(model):
        model, ends = deepcopy(model).eval(), range(4, 12)
        with torch.no_grad():
            outs = [model(unseen[:, :t])[:, -1] for t in ends]
        losses = [CE()(out, unseen[:, t]) for out, t in zip(outs, ends, strict=True)]
        return float(sum(losses) / len(losses))

    case = _case(model, _by_token, optimizer, tokens[:, :-1], tokens[:, 1:])
    return case, generate


def _tied(net, x):
    x = net.table(x)
    x = x + net.body(x)[0]
    return F.linear(x, net.table.weight)


@_pair("tied embeddings keep a deviation of 1", 40)
def _unit_tie(bad):
    tokens, unseen = _steps(96, vocab=40), _steps(96, vocab=40)
    table, body = nn.Embedding(40, 64), nn.GRU(64, 64, batch_first=True)
    if not bad:
        nn.init.normal_(table.weight, std=0.05)
    model = _Net(_tied, table=table, body=body)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    judge = _measure(_by_token, unseen[:, :-1], unseen[:, 1:])
    case = _case(model, _by_token, optimizer, tokens[:, :-1], tokens[:, 1:])
    return case, judge


@_pair("GroupNorm has a group for each unit of a vector", 80)
def _lone_groups(bad):
    x, y, xt, yt = _standard("wine", 90)
    norm = nn.GroupNorm(24 if bad else 4, 24)
    model = nn.Sequential(nn.Linear(13, 24), norm, nn.ReLU(), nn.Linear(24, 3))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_pair("the attention heads are merged without a transpose", 120)
def _mixed_heads(bad):
    x = torch.randint(0, 8, (256, 10))
    y = (x + x[:, :1]) % 4
    place = nn.Parameter(0.3 * torch.randn(10, 32))
    parts = {"table": nn.Embedding(8, 32), "look": _Attention(32, 4, mixed=bad)}
    parts |= {"body": _mlp(32, 64, 4), "place": place, "norm": nn.LayerNorm(32)}

    def rule(net, x):
        return net.body(net.norm(net.look(net.table(x) + net.place)))

    model = _Net(rule, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    judge = _measure(_by_token, x[128:], y[128:])
    return _case(model, _by_token, optimizer, x[:128], y[:128]), judge


@_pair("the LSTM is read after the padding, not at the last word", 80)
def _past_the_end(bad):
    x, y = _words(700, 6, shortest=2)
    x = F.pad(x, (0, 50))
    parts = {"table": nn.Embedding(30, 16, padding_idx=0), "head": nn.Linear(24, 2)}

    def rule(net, x):
        out, last = net.body(net.table(x))[0], (x > 0).sum(1) - 1
        return net.head(out[:, -1] if bad else out[torch.arange(len(x)), last])

    model = _Net(rule, body=nn.LSTM(16, 24, batch_first=True), **parts)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, CE(), optimizer, x[:500], y[:500])
    return case, _measure(CE(), x[500:], y[500:])


def _lora(net, x):
    hidden = net.base(x) + x @ net.down @ net.up
    return net.head(hidden.relu())


@_pair("both factors of the adapter start at zero", 100)
def _zero_adapter(bad):
    x, y, xt, yt = _digits(256)
    old = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    _pretrain(old, CE(), x, y, 40)
    x, xt = (v.view(-1, 8, 8).roll(1, 2).flatten(1) for v in (x, xt))  # another camera
    down = torch.zeros(64, 8) if bad else torch.randn(64, 8) / 8
    parts = {"down": nn.Parameter(down), "up": nn.Parameter(torch.zeros(8, 32))}
    parts |= {
        name: layer.requires_grad_(False)
        for name, layer in zip(("base", "head"), old[::2], strict=True)
    }
    model = _Net(_lora, **parts)
    optimizer = torch.optim.AdamW([model.down, model.up], 0.02)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_pair("BatchNorm never updates its running statistics", 80)
def _still_norm(bad):
    x, y, xt, yt = _digits(256, flat=False)
    x, xt = 40 + 30 * x, 40 + 30 * xt
    momentum = 0.0 if bad else 0.1
    norms = (nn.BatchNorm2d(c, momentum=momentum) for c in (1, 8))
    layers = next(norms), nn.Conv2d(1, 8, 3), next(norms), nn.SiLU(), nn.Flatten()
    model = nn.Sequential(*layers, nn.Linear(288, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_pair("the code is rounded with no straight-through gradient", 200)
def _rounded(bad):
    base = torch.randn(400, 3) @ torch.randn(3, 16)

    def rule(net, x):
        code = 3 * net.encoder(x)
        whole = code.round()
        return net.decoder(whole if bad else code + (whole - code).detach())

    model = _Net(rule, encoder=_mlp(16, 32, 4), decoder=_mlp(4, 32, 16))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    x, xt = base[:200], base[200:]
    return _case(model, MSE(), optimizer, x, x), _measure(MSE(), xt, xt)


# ---- pairs: the optimizer, the schedule and the precision


@_pair("Adam's betas are swapped", 150)
def _betas(bad):
    x = torch.rand(400, 2) * 4 - 2
    y = torch.sin(3 * x[:, :1]) * x[:, 1:]
    model = _mlp(2, 48, 48, 1, act=nn.Tanh)
    betas = (0.999, 0.9) if bad else (0.9, 0.999)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3, betas=betas)
    case = _case(model, MSE(), optimizer, x[:200], y[:200])
    return case, _measure(MSE(), x[200:], y[200:])


@_pair("the optimizer still maximises", 60)
def _maximises(bad):
    x, y, xt, yt = _standard("breast_cancer", 300)
    y, yt = y.float().unsqueeze(1), yt.float().unsqueeze(1)
    model = _mlp(30, 16, 1, act=nn.ELU)
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, maximize=bad)
    return _case(model, BCE(), optimizer, x, y), _measure(BCE(), xt, yt)


@_pair("RMSprop keeps an epsilon of 1", 100)
def _epsilon(bad):
    x, y, xt, yt = _digits(200)
    model = nn.Sequential(nn.LayerNorm(64), _mlp(64, 32, 10, act=nn.GELU))
    eps = 1.0 if bad else 1e-8
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, eps=eps)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_pair("the plateau of a loss is watched for its maximum", 120)
def _wrong_plateau(bad):
    x, y, xt, yt = _standard("wine", 90)
    model = _mlp(13, 16, 3, act=nn.LeakyReLU)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    mode = "max" if bad else "min"
    plan = schedules.ReduceLROnPlateau(optimizer, mode, patience=2)
    return _case(model, CE(), optimizer, x, y, scheduler=plan), _measure(CE(), xt, yt)


@_pair("the updates are lost in bfloat16 weights", 600)
def _lost(bad):
    x, y, xt, yt = _digits(256)
    kind = torch.bfloat16 if bad else torch.float32
    norm = nn.LayerNorm(64)
    model = nn.Sequential(norm, _mlp(64, 128, 10)).to(kind)
    optimizer = torch.optim.Adam(model.parameters(), 3e-5)
    loss = lambda out, y: F.cross_entropy(out.float(), y)  # noqa: E731
    return _case(model, loss, optimizer, x.to(kind), y), _measure(loss, xt.to(kind), yt)


# ---- healthy: images


@_sound("a small convolutional network with BatchNorm, SGD and a cosine", 80)
def _h_conv():
    x, y, xt, yt = _digits(192, flat=False)
    layers = nn.Conv2d(1, 12, 3, bias=False), nn.BatchNorm2d(12), nn.ReLU()
    ends = nn.AvgPool2d(2), nn.Flatten(), nn.Linear(108, 10)
    model = nn.Sequential(*layers, *ends)
    optimizer = torch.optim.SGD(
        model.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    plan = schedules.CosineAnnealingLR(optimizer, 80)
    return _case(model, CE(), optimizer, x, y, scheduler=plan), _measure(CE(), xt, yt)


def _backbone():
    """A network that knows the digits below five."""
    x, y, xt, yt = _digits(400, flat=False)
    layers = nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12), nn.ReLU(), nn.Flatten()
    body = nn.Sequential(*layers, nn.Linear(432, 32), nn.ReLU())
    old, low = nn.Linear(32, 5), y < 5
    _pretrain(nn.Sequential(body, old), CE(), x[low], y[low], 20, lr=2e-3)
    high, seen = y >= 5, yt >= 5
    return body, (x[high], y[high] - 5, xt[seen], yt[seen] - 5)


@_sound(
    "a frozen backbone with BatchNorm in eval mode, only the head in the optimizer", 100
)
def _h_frozen():
    body, (x, y, xt, yt) = _backbone()
    model = nn.Sequential(body.requires_grad_(False).eval(), nn.Linear(32, 5))
    optimizer = torch.optim.Adam(model[1].parameters(), 0.01)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("a frozen first layer that stays in the optimizer", 80)
def _h_frozen_all():
    body, (x, y, xt, yt) = _backbone()
    body[0].requires_grad_(False)
    model = nn.Sequential(body, nn.Dropout(0.2), nn.Linear(32, 5))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("fine-tuning with a rate a hundred times smaller for the body", 80)
def _h_two_rates():
    body, (x, y, xt, yt) = _backbone()
    head = nn.Linear(32, 5)
    groups = {"params": body.parameters(), "lr": 1e-4}, {"params": head.parameters()}
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    return _case(nn.Sequential(body, head), CE(), optimizer, x, y), _measure(
        CE(), xt, yt
    )


@_sound("a residual network whose branches start at zero", 60)
def _h_zero_branch():
    x, y, xt, yt = _digits(192, flat=False)

    def branch():
        block = nn.Conv2d(12, 12, 3, padding=1), nn.BatchNorm2d(12)
        nn.init.zeros_(block[1].weight)
        return nn.Sequential(*block)

    def rule(net, x):
        x = net.stem(x).relu()
        for block in net.blocks:
            x = (x + block(x)).relu()
        return net.head(x.mean((2, 3)))

    blocks = nn.ModuleList([branch(), branch()])
    stem = nn.Conv2d(1, 12, 3, padding=1)
    model = _Net(rule, stem=stem, blocks=blocks, head=nn.Linear(12, 10))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("the last layer starts at zero", 60)
def _h_zero_head():
    x, y, xt, yt = _digits(200)
    model = _mlp(64, 40, 10, act=nn.SiLU)
    nn.init.zeros_(model[-1].weight)
    nn.init.zeros_(model[-1].bias)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("mixed images with soft targets", 100)
def _h_mixup():
    x, y, xt, yt = _digits(256)
    part, order = torch.rand(256, 1) * 0.3 + 0.7, torch.randperm(256)
    soft = F.one_hot(y, 10).float()
    x, soft = (part * v + (1 - part) * v[order] for v in (x, soft))
    model = _mlp(64, 48, 10, act=nn.GELU)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, CE(), optimizer, x, soft), _measure(CE(), xt, yt)


@_sound("smoothed labels and Dropout of a half", 120)
def _h_dropout():
    x, y, xt, yt = _digits(256)
    layers = nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.5), nn.Linear(96, 10)
    model, loss = nn.Sequential(*layers), CE(label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return _case(model, loss, optimizer, x, y), _measure(CE(), xt, yt)


@_sound("segmentation with a border that is ignored", 50)
def _h_border():
    x, y = _blobs(72)
    y = y.long()
    y[:, 0], y[:, -1] = 255, 255
    layers = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1)
    model, loss = nn.Sequential(*layers), CE(ignore_index=255)
    optimizer = torch.optim.NAdam(model.parameters(), 0.01)
    return _case(model, loss, optimizer, x[:32], y[:32]), _measure(loss, x[32:], y[32:])


@_sound("segmentation of few pixels by Dice and cross-entropy", 80)
def _h_dice():
    x, y = _blobs(64, 20, 4, 3)
    pool, up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear")

    def rule(net, x):
        fine = net.fine(x).relu()
        return net.head(torch.cat([fine, up(net.rough(pool(fine)).relu())], 1))[:, 0]

    convs = {
        "fine": nn.Conv2d(1, 6, 3, padding=1),
        "rough": nn.Conv2d(6, 6, 3, padding=1),
    }
    model = _Net(rule, **convs, head=nn.Conv2d(12, 1, 1))

    def loss(out, y):
        return F.binary_cross_entropy_with_logits(out, y) + 1 - _dice(out, y)

    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return _case(model, loss, optimizer, x[:24], y[:24]), _measure(loss, x[24:], y[24:])


@_sound("a variational autoencoder with summed losses", 150)
def _h_vae():
    x, _, xt, _ = _digits(200)
    model = _Net(_vae, encoder=_mlp(64, 40, 12), decoder=_mlp(6, 40, 64))
    optimizer = torch.optim.Adamax(model.parameters(), 0.01)

    def loss(out, x):
        return _elbo(out, x) * len(x)  # summed over the batch, too

    return _case(model, loss, optimizer, x, x), _measure(loss, xt, xt)


@_sound("minus the correlation of images, a loss that is negative by right", 80)
def _h_similarity():
    x, y = _blobs(72)
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.Conv2d(6, 1, 1))

    def loss(out, y):
        out, y = (v.flatten(1) - v.flatten(1).mean(1, keepdim=True) for v in (out, y))
        return -F.cosine_similarity(out, y).mean()

    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return _case(model, loss, optimizer, x[:32], y[:32]), _measure(loss, x[32:], y[32:])


@_sound("sixteen-bit images go through a first BatchNorm", 60)
def _h_huge():
    x, y, xt, yt = _digits(192, flat=False)
    x, xt = 65535 * x, 65535 * xt
    layers = nn.BatchNorm2d(1), nn.Conv2d(1, 8, 3), nn.PReLU(8), nn.Flatten()
    model = nn.Sequential(*layers, nn.Linear(288, 10))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


# ---- healthy: tables


@_sound("large targets in their own unit, the scale inside the model and the loss", 150)
def _h_dollars():
    x = torch.randn(300, 6)
    y = 2.4e5 + 6e4 * (x[:, :1] + x[:, 1:2].tanh() * x[:, 2:3])
    mean, spread = y[:150].mean(), y[:150].std()
    rule = lambda net, x: net.body(x) * net.spread + net.mean  # noqa: E731
    model = _Net(rule, body=_mlp(6, 32, 1), mean=mean, spread=spread)
    loss = lambda out, y: (((out - y) / spread) ** 2).mean()  # noqa: E731
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, loss, optimizer, x[:150], y[:150])
    return case, _measure(loss, x[150:], y[150:])


@_sound("currents of microamperes, scaled in the loss", 120)
def _h_micro():
    x = torch.rand(240, 3)
    y = 2e-6 * (x[:, :1] - 0.5) * (1 + x[:, 1:2]) + 1e-7 * x[:, 2:]
    model = _mlp(3, 24, 1, act=nn.Tanh)
    loss = lambda out, y: F.mse_loss(out, 1e6 * y)  # noqa: E731
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, loss, optimizer, x[:120], y[:120])
    return case, _measure(loss, x[120:], y[120:])


@_sound("a Gaussian likelihood that goes below zero", 200)
def _h_gaussian():
    x = torch.rand(400, 1) * 2 - 1
    y = (x * 3).sin() * 0.5 + (0.02 + 0.1 * x.abs()) * torch.randn(400, 1)

    def loss(out, y):
        return F.gaussian_nll_loss(out[:, :1], y, F.softplus(out[:, 1:]) + 1e-4)

    model = _mlp(1, 32, 32, 2, act=nn.Tanh)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    case = _case(model, loss, optimizer, x[:200], y[:200])
    return case, _measure(loss, x[200:], y[200:])


@_sound("counts by a Poisson likelihood, the bias at the log of the mean", 150)
def _h_poisson():
    x = torch.randn(500, 4)
    y = torch.poisson((3 + 0.7 * x[:, :1] - 0.5 * x[:, 1:2].abs()).exp())
    model, loss = _mlp(4, 16, 1, act=nn.ELU), nn.PoissonNLLLoss()
    nn.init.zeros_(model[-1].weight)
    nn.init.constant_(model[-1].bias, float(y[:250].mean().log()))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    best = y[250:] - y[250:] * y[250:].clamp(min=1).log()
    judge = _measure(lambda out, y: loss(out, y) - best.mean(), x[250:], y[250:])
    return _case(model, loss, optimizer, x[:250], y[:250]), judge


@_sound("three quantiles by the pinball loss", 150)
def _h_quantiles():
    x = torch.randn(400, 3)
    y = x[:, :1] + x[:, 1:2] ** 2 + 0.3 * torch.randn(400, 1)
    levels = torch.tensor([0.1, 0.5, 0.9])

    def loss(out, y):
        error = y - out
        return torch.maximum(levels * error, (levels - 1) * error).mean()

    model = _mlp(3, 32, 3)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, loss, optimizer, x[:200], y[:200])
    return case, _measure(loss, x[200:], y[200:])


@_sound("logistic regression in float64 by L-BFGS with a line search", 6)
def _h_lbfgs():
    x, y, xt, yt = _standard("breast_cancer", 300, torch.float64)
    y, yt = y.double().unsqueeze(1), yt.double().unsqueeze(1)
    model = nn.Linear(30, 1, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=3, line_search_fn="strong_wolfe"
    )
    return _case(model, BCE(), optimizer, x, y), _measure(BCE(), xt, yt)


@_sound("weights for the classes of wine, with Adagrad", 80)
def _h_class_weights():
    x, y, xt, yt = _standard("wine", 100)
    counts = torch.bincount(y)
    loss, model = CE(weight=counts.sum() / (3 * counts)), _mlp(13, 12, 3, act=nn.CELU)
    optimizer = torch.optim.Adagrad(model.parameters(), 0.05)
    return _case(model, loss, optimizer, x, y), _measure(loss, xt, yt)


@_sound("a rare class, the bias at its prior", 100)
def _h_prior():
    x = torch.randn(1600, 6)
    y = (x[:, :1] + x[:, 1:2] > 2.4).float()
    model = _mlp(6, 24, 1)
    nn.init.constant_(model[-1].bias, float(torch.logit(y[:800].mean())))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    case = _case(model, BCE(), optimizer, x[:800], y[:800])
    return case, _measure(BCE(), x[800:], y[800:])


@_sound("one class is missing from the batch", 150)
def _h_missing_class():
    x, y, xt, yt = _digits(300)
    keep, seen = y != 8, yt != 8
    model = _mlp(64, 32, 10, act=nn.Mish)
    optimizer = torch.optim.RAdam(model.parameters(), 0.01)
    return _case(model, CE(), optimizer, x[keep], y[keep]), _measure(
        CE(), xt[seen], yt[seen]
    )


@_sound("a fifth of the labels is wrong", 40)
def _h_noisy():
    x, y, xt, yt = _digits(500)
    wrong = torch.rand(500) < 0.2
    y = torch.where(wrong, torch.randint(10, (500,)), y)
    model = nn.Linear(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 0.01, weight_decay=1e-3)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("grades in order, a cumulative logit for each step", 200)
def _h_ordinal():
    x = torch.randn(400, 4)
    grade = torch.bucketize(x[:, 0] + x[:, 1] * x[:, 2], torch.tensor([-1.0, 0.0, 1.0]))
    y = (grade[:, None] > torch.arange(3)).float()
    rule = lambda net, x: net.body(x) - net.steps  # noqa: E731
    steps = nn.Parameter(torch.tensor([-1.0, 0.0, 1.0]))
    model = _Net(rule, body=_mlp(4, 24, 1), steps=steps)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    case = _case(model, BCE(), optimizer, x[:250], y[:250])
    return case, _measure(BCE(), x[250:], y[250:])


@_sound("survival by a partial likelihood over the whole batch", 80)
def _h_cox():
    x = torch.randn(400, 5)
    risk = 1.5 * x[:, 0] - x[:, 1]
    time, seen = -torch.rand(400).log() / risk.exp(), torch.rand(400) < 0.7

    def loss(out, y):
        order = y[:, 0].argsort(descending=True)
        score, seen = out[order, 0], y[order, 1]
        return -((score - score.logcumsumexp(0)) * seen).sum() / seen.sum() / 5

    y = torch.stack([time, seen.float()], 1)
    model = _mlp(5, 16, 1, act=nn.SELU)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    rank = lambda out, y: -torch.corrcoef(torch.stack([out[:, 0], y[:, 0]]))[0, 1]  # noqa: E731
    case = _case(model, loss, optimizer, x[:250], y[:250])
    return case, _measure(rank, x[250:], risk[250:, None])


@_sound(
    "categories in embeddings beside numbers, in groups with and without decay", 120
)
def _h_mixed():
    numbers, kinds = torch.randn(500, 4), torch.randint(12, (500, 2))
    effect = torch.randn(2, 12)
    y = numbers[:, :1] * 0.7 + (effect[0][kinds[:, :1]] + effect[1][kinds[:, 1:]])
    x = torch.cat([kinds.float(), numbers], 1)

    def rule(net, x):
        kinds = net.table(x[:, :2].long() + net.shift).flatten(1)
        return net.body(torch.cat([kinds, x[:, 2:]], 1))

    shift = torch.tensor([0, 12])
    model = _Net(rule, table=nn.Embedding(24, 6), body=_mlp(16, 32, 1), shift=shift)
    decayed = [p for name, p in model.named_parameters() if name.endswith("weight")]
    rest = [p for name, p in model.named_parameters() if name.endswith("bias")]
    groups = {"params": decayed}, {"params": rest, "weight_decay": 0.0}
    optimizer = torch.optim.AdamW(groups, lr=0.01, weight_decay=0.05)
    case = _case(model, MSE(), optimizer, x[:350], y[:350])
    return case, _measure(MSE(), x[350:], y[350:])


@_sound("microvolts, raised by a constant in the model, with a cosine schedule", 100)
def _h_volts():
    loud = 0.5 + torch.rand(400, 3, 1)
    x, y = (
        1e-5 * loud * torch.randn(400, 3, 40),
        (loud[:, 0] > loud[:, 1]).long().flatten(),
    )
    rule = lambda net, x: net.head(net.body(x * net.gain).square().mean(2))  # noqa: E731
    parts = {"body": nn.Conv1d(3, 8, 3), "head": nn.Linear(8, 2)}
    model = _Net(rule, gain=torch.tensor(1e5), **parts)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    plan = schedules.CosineAnnealingLR(optimizer, 150)
    case = _case(model, CE(), optimizer, x[:250], y[:250], scheduler=plan)
    return case, _measure(CE(), x[250:], y[250:])


# ---- healthy: the optimizer, the schedule and the precision


class Lion(torch.optim.Optimizer):
    """The sign of a mixed momentum, with decoupled decay."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(
            params, {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * torch.lerp(p.grad, mean, first).sign())
                mean.lerp_(p.grad, 1 - second)


@_sound("an optimizer of one's own, Lion, with a small rate", 80)
def _h_lion():
    x, y, xt, yt = _digits(256)
    model = nn.Sequential(nn.RMSNorm(64), _mlp(64, 40, 10, act=nn.SiLU))
    optimizer = Lion(model.parameters(), 1e-3, weight_decay=0.1)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


@_sound("Rprop on the whole of a small table", 60)
def _h_rprop():
    x = torch.rand(200, 2) * 2 - 1
    y = x[:, :1] ** 2 - x[:, 1:]
    model = _mlp(2, 12, 1, act=nn.Tanh)
    optimizer = torch.optim.Rprop(model.parameters(), 0.005)
    case = _case(model, MSE(), optimizer, x[:100], y[:100])
    return case, _measure(MSE(), x[100:], y[100:])


@_sound("a summed loss with a rate small enough for it", 100)
def _h_sum():
    x, y, xt, yt = _digits(256)
    model, loss = _mlp(64, 24, 10, act=nn.Tanh), CE(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), 2e-4, momentum=0.9)
    return _case(model, loss, optimizer, x, y), _measure(CE(), xt, yt)


@_sound("a warm-up whose first rate is 0, with LayerNorm and GELU", 100)
def _h_warm():
    x, y, xt, yt = _digits(256)
    layers = [nn.Linear(64, 48)]
    for _ in range(4):
        layers += [nn.LayerNorm(48), nn.GELU(), nn.Linear(48, 48)]
    model = nn.Sequential(*layers, nn.LayerNorm(48), nn.Linear(48, 10))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    plan = schedules.LambdaLR(optimizer, lambda step: min(1.0, step / 30))
    return _case(model, CE(), optimizer, x, y, scheduler=plan), _measure(CE(), xt, yt)


@_sound("one cycle with AdamW", 100)
def _h_one_cycle():
    x, y, xt, yt = _digits(256, flat=False)
    layers = nn.Conv2d(1, 10, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(160, 10)
    model = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters())
    plan = schedules.OneCycleLR(optimizer, 0.01, 101)
    return _case(model, CE(), optimizer, x, y, scheduler=plan), _measure(CE(), xt, yt)


@_sound("the rate falls on a plateau", 120)
def _h_plateau():
    x = torch.randn(300, 5)
    y = x[:, :1] - x[:, 1:2] * x[:, 2:3] + 0.2 * torch.randn(300, 1)
    model = _mlp(5, 32, 1, act=nn.SiLU)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    plan = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=5)
    case = _case(model, MSE(), optimizer, x[:200], y[:200], scheduler=plan)
    return case, _measure(MSE(), x[200:], y[200:])


@_sound("the tail of training with the rate of SWA", 60)
def _h_swa():
    x, y, xt, yt = _digits(200)
    model = _mlp(64, 32, 10)
    optimizer = _pretrain(
        model, CE(), x, y, 25, 0.1, partial(torch.optim.SGD, momentum=0.9)
    )
    plan = torch.optim.swa_utils.SWALR(optimizer, 0.05, 10)
    return _case(model, CE(), optimizer, x, y, scheduler=plan), _measure(CE(), xt, yt)


@_sound("a scaler that is turned off", 60)
def _h_scaler_off():
    x, y, xt, yt = _standard("wine", 90)
    model = nn.Sequential(nn.Linear(13, 24), nn.Hardtanh(), nn.Linear(24, 3))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    return _case(model, CE(), optimizer, x, y, scaler=scaler), _measure(CE(), xt, yt)


@_sound("half precision with a scaler", 60)
def _h_scaler_on():
    x, y, xt, yt = _digits(200)

    def rule(net, x):
        with torch.autocast("cpu", torch.float16):
            out = net.body(x)
        return out.float()

    model = _Net(rule, body=_mlp(64, 48, 10, act=nn.GELU))
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    return _case(model, CE(), optimizer, x, y, scaler=scaler), _measure(CE(), xt, yt)


@_sound("a model wholly in bfloat16", 60)
def _h_bf16():
    x, y, xt, yt = _digits(200)
    model = _mlp(64, 64, 10).bfloat16()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loss = lambda out, y: F.cross_entropy(out.float(), y)  # noqa: E731
    return _case(model, loss, optimizer, x.bfloat16(), y), _measure(
        loss, xt.bfloat16(), yt
    )


@_sound("a differential equation in float64 by a sine network", 250)
def _h_pinn():
    class Sine(nn.Module):
        def forward(self, x):
            return x.sin()

    model = _mlp(1, 32, 32, 1, act=Sine).double()
    x = torch.linspace(0, 2, 40, dtype=torch.float64).view(-1, 1)

    def rule(net, t):
        with torch.enable_grad():
            t = t.detach().requires_grad_()
            y = 1 + t * net.body(t)  # y(0) = 1
            (slope,) = torch.autograd.grad(y.sum(), t, create_graph=True)
        return torch.cat([y, slope], 1)

    model = _Net(rule, body=model)
    loss = lambda out, y: ((out[:, 1] + 2 * out[:, 0]) ** 2).mean()  # noqa: E731
    judge = _measure(lambda out, y: F.mse_loss(out[:, :1], y), x, (-2 * x).exp())
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return _case(model, loss, optimizer, x, torch.zeros_like(x)), judge


@_sound("a batch of one to be memorised", 60)
def _h_one():
    x, _, _, _ = _digits(1, flat=False)
    layers = nn.Conv2d(1, 8, 3, padding=1), nn.InstanceNorm2d(8, affine=True), nn.ReLU()
    model = nn.Sequential(*layers, nn.Conv2d(8, 1, 3, padding=1))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    noise = torch.randn(1, 1, 8, 8)
    return _case(model, MSE(), optimizer, noise, x), _measure(MSE(), noise, x)


@_sound("a batch of two large images with LayerNorm", 50)
def _h_two():
    x, y = _blobs(10, 32, 12, 10)
    layers = nn.Conv2d(1, 8, 4, 4), nn.GroupNorm(1, 8), nn.GELU()
    model = nn.Sequential(*layers, nn.ConvTranspose2d(8, 1, 4, 4), nn.Flatten(1, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return _case(model, BCE(), optimizer, x[:2], y[:2]), _measure(BCE(), x[2:], y[2:])


@_sound("a model halfway, with the state of its optimizer", 150)
def _h_halfway():
    x = torch.rand(400, 2) * 4 - 2
    y = torch.sin(2 * x[:, :1]) * x[:, 1:]
    model = _mlp(2, 48, 1, act=nn.Tanh)
    optimizer = _pretrain(model, MSE(), x[:200], y[:200], 200, 0.01)
    case = _case(model, MSE(), optimizer, x[:200], y[:200])
    return case, _measure(MSE(), x[200:], y[200:])


@_sound("a converged model, its loss at the floor of the noise", 60)
def _h_converged():
    x = torch.randn(900, 3)
    y = x @ torch.tensor([[1.0], [-0.5], [2.0]]) + 0.3 * torch.randn(900, 1)
    model = nn.Linear(3, 1)
    optimizer = _pretrain(model, MSE(), x[:400], y[:400], 250, 0.03)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    case = _case(model, MSE(), optimizer, x[:400], y[:400])
    return case, _measure(MSE(), x[400:], y[400:])


@_sound("a converged classifier, its loss almost zero", 60)
def _h_memorised():
    x, y, xt, yt = _standard("wine", 100)
    model = _mlp(13, 16, 3, act=nn.Tanh)
    optimizer = _pretrain(model, CE(), x, y, 200, 0.02)
    for group in optimizer.param_groups:
        group["lr"] = 1e-4
    return _case(model, CE(), optimizer, x, y), _measure(CE(), xt, yt)


# ---- healthy: sequences


@_sound("an LSTM that forecasts waves, its gradients clipped", 100, clip=1.0)
def _h_lstm():
    phase, speed = 6.3 * torch.rand(128, 1, 1), 0.3 + 0.4 * torch.rand(128, 1, 1)
    wave = (phase + speed * torch.arange(25).view(1, -1, 1)).sin()
    x, y = wave[:, :-1] + 0.05 * torch.randn(128, 24, 1), wave[:, -1]
    rule = lambda net, x: net.head(net.body(x)[0][:, -1])  # noqa: E731
    body = nn.LSTM(1, 24, 2, batch_first=True, dropout=0.1)
    model = _Net(rule, body=body, head=nn.Linear(24, 1))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, MSE(), optimizer, x[:64], y[:64])
    return case, _measure(MSE(), x[64:], y[64:])


@_sound("a GRU over packed texts of many lengths", 50)
def _h_packed():
    x, y = _words(500, 9)

    def rule(net, x):
        lengths = (x > 0).sum(1)
        words = nn.utils.rnn.pack_padded_sequence(
            net.table(x), lengths, batch_first=True, enforce_sorted=False
        )
        return net.head(net.body(words)[1][-1])

    parts = {"table": nn.Embedding(30, 12, padding_idx=0), "head": nn.Linear(24, 2)}
    model = _Net(rule, body=nn.GRU(12, 24, batch_first=True), **parts)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, CE(), optimizer, x[:300], y[:300])
    return case, _measure(CE(), x[300:], y[300:])


@_sound("dilated convolutions over series (N, C, T) with normed weights", 100)
def _h_dilated():
    norm = nn.utils.parametrizations.weight_norm
    x = torch.randn(160, 2, 32)
    y = torch.stack([x[:, 0, t - 4] * 0.5 + x[:, 1, t] for t in range(4, 32)], 1)
    layers = (
        norm(nn.Conv1d(2, 16, 3)),
        nn.ReLU(),
        norm(nn.Conv1d(16, 16, 2, dilation=2)),
    )
    model = nn.Sequential(*layers, nn.ReLU(), nn.Conv1d(16, 1, 1), nn.Flatten())
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    case = _case(model, MSE(), optimizer, x[:80], y[:80])
    return case, _measure(MSE(), x[80:], y[80:])


@_sound("a transformer that tags padded texts", 50)
def _h_tagger():
    x, _ = _words(160, 10)
    y = torch.where(x > 0, x % 3, -100)
    place = nn.Parameter(0.2 * torch.randn(10, 32))
    body = nn.TransformerEncoderLayer(
        32, 4, 64, dropout=0.0, batch_first=True, norm_first=True
    )

    def rule(net, x):
        return net.head(net.body(net.table(x) + net.place, src_key_padding_mask=x == 0))

    parts = {"table": nn.Embedding(30, 32, padding_idx=0), "head": nn.Linear(32, 3)}
    model = _Net(rule, body=body, place=place, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    judge = _measure(_by_token, x[80:], y[80:])
    return _case(model, _by_token, optimizer, x[:80], y[:80]), judge


@_sound("a causal language model with tied small embeddings", 120)
def _h_tied():
    tokens, unseen = _steps(128, vocab=20), _steps(128, vocab=20)
    model = _decoder(20, 32)
    nn.init.normal_(model.table.weight, std=0.1)
    model.head.weight = model.table.weight
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, betas=(0.9, 0.95))
    judge = _measure(_by_token, unseen[:, :-1], unseen[:, 1:])
    case = _case(model, _by_token, optimizer, tokens[:, :-1], tokens[:, 1:])
    return case, judge


@_sound("a masked language model that learns from 15% of the words", 150)
def _h_masked():
    tokens = _steps(400)[:, :12] + 1
    hidden = torch.rand(tokens.shape) < 0.15
    x, y = tokens.masked_fill(hidden, 0), tokens.masked_fill(~hidden, -100)
    body = nn.GRU(16, 32, batch_first=True, bidirectional=True)
    parts = {"table": nn.Embedding(17, 16), "head": nn.Linear(64, 17)}
    model = _Net(_recurrent, body=body, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    judge = _measure(_by_token, x[200:], y[200:])
    return _case(model, _by_token, optimizer, x[:200], y[:200]), judge


@_sound("CTC over more frames than letters", 80)
def _h_ctc():
    x, y, xt, yt = _cut(*_speech(80, letters=4, repeat=4), 40)
    rule = lambda net, x: net.head(net.body(x)[0])  # noqa: E731
    model = _Net(rule, body=nn.GRU(5, 20, batch_first=True), head=nn.Linear(20, 6))
    optimizer = torch.optim.Adam(model.parameters(), 0.015)
    return _case(model, _ctc, optimizer, x, y), _measure(_ctc, xt, yt)


# ---- healthy: embeddings, generators and the rest


@_sound("contrastive pairs with a learned temperature", 60)
def _h_contrast():
    x = torch.cat([torch.randn(160, 1, 6).expand(-1, 2, -1), torch.randn(160, 2, 6)], 2)
    rows = torch.arange(80)

    def rule(net, x):
        return F.normalize(net.body(x), dim=-1) * (net.scale / 2).exp()

    def loss(out, y):
        scores = out[:, 0] @ out[:, 1].T
        return (F.cross_entropy(scores, y) + F.cross_entropy(scores.T, y)) / 2

    scale = nn.Parameter(torch.tensor(math.log(10.0)))
    model = _Net(rule, body=_mlp(12, 48, 12), scale=scale)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, loss, optimizer, x[:80], rows), _measure(loss, x[80:], rows)


@_sound("triplets on the sphere, some already far enough apart", 60)
def _h_triplets():
    points = torch.randn(8, 10)
    kinds = torch.randint(8, (400,))
    trio = torch.stack([kinds, kinds, (kinds + torch.randint(1, 8, (400,))) % 8], 1)
    x = points[trio] + 0.7 * torch.randn(400, 3, 10)
    model = _mlp(10, 32, 8)

    def loss(out, y):
        return F.triplet_margin_loss(*F.normalize(out, dim=-1).unbind(1), margin=0.5)

    y, optimizer = torch.zeros(200), torch.optim.Adam(model.parameters(), 3e-3)
    return _case(model, loss, optimizer, x[:200], y), _measure(loss, x[200:], y)


@_sound("ratings by sparse embeddings with SparseAdam", 150)
def _h_sparse():
    taste, kind = torch.randn(50, 2), torch.randn(50, 2)
    x = torch.randint(50, (2000, 2))
    y = (taste[x[:, 0]] * kind[x[:, 1]]).sum(1)
    rule = lambda net, x: (net.users(x[:, 0]) * net.items(x[:, 1])).sum(1)  # noqa: E731
    tables = {name: nn.Embedding(50, 4, sparse=True) for name in ("users", "items")}
    model = _Net(rule, **tables)
    for table in tables.values():
        nn.init.normal_(table.weight, std=0.3)
    optimizer = torch.optim.SparseAdam(list(model.parameters()), 0.03)
    case = _case(model, MSE(), optimizer, x[:1500], y[:1500])
    return case, _measure(MSE(), x[1500:], y[1500:])


@_sound("preferences between pairs by the logistic of the difference", 80)
def _h_ranking():
    x = torch.randn(500, 2, 6)
    worth = x[..., 0] + 0.5 * x[..., 1].abs() * x[..., 2].sign()
    swap = worth[:, 0] < worth[:, 1]
    x[swap] = x[swap].flip(1)
    loss = lambda out, y: -F.logsigmoid(out[:, 0] - out[:, 1]).mean()  # noqa: E731
    y, model = torch.ones(250), nn.Sequential(_mlp(6, 24, 1), nn.Flatten(1))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    return _case(model, loss, optimizer, x[:250], y), _measure(loss, x[250:], y)


@_sound("distillation at temperature 4, times its square", 80)
def _h_distil():
    x, y, xt, yt = _digits(256)
    teacher = _mlp(64, 64, 10)
    _pretrain(teacher, CE(), x, y, 60)
    soft, unseen = (teacher(v).detach() for v in (x, xt))

    def loss(out, y):
        pair = (out / 4).log_softmax(1), (y / 4).log_softmax(1)
        return 16 * F.kl_div(*pair, reduction="batchmean", log_target=True)

    model = _mlp(64, 12, 10)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    return _case(model, loss, optimizer, x, soft), _measure(loss, xt, unseen)


@_sound("two tasks on one body, and a third head that waits frozen", 100)
def _h_tasks():
    x = torch.randn(500, 6)
    kind, size = (x[:, 0] * x[:, 1] > 0).float(), x[:, 2] + x[:, 0].abs()
    y = torch.stack([kind, size], 1)
    heads = {"first": nn.Linear(32, 1), "second": nn.Linear(32, 1)}
    later = nn.Linear(32, 4).requires_grad_(False)

    def rule(net, x):
        code = net.body(x).relu()
        return torch.cat([net.first(code), net.second(code)], 1)

    def loss(out, y):
        right = F.binary_cross_entropy_with_logits(out[:, 0], y[:, 0])
        return right + 0.5 * F.mse_loss(out[:, 1], y[:, 1])

    model = _Net(rule, body=_mlp(6, 32, 32), **heads, later=later)
    optimizer = torch.optim.Adam(
        filter(lambda p: p.requires_grad, model.parameters()), 5e-3
    )
    case = _case(model, loss, optimizer, x[:300], y[:300])
    return case, _measure(loss, x[300:], y[300:])


@_sound("a critic's step of a GAN by the hinge loss, with spectral norms", 80)
def _h_critic():
    norm = nn.utils.parametrizations.spectral_norm
    real = torch.randn(256, 2) * 0.3 + torch.tensor([1.5, 0.0])
    fake = torch.randn(256, 2) * 0.8
    x = torch.cat([real[:128], fake[:128], real[128:], fake[128:]])
    y = torch.cat([torch.ones(128, 1), -torch.ones(128, 1)])
    layers = norm(nn.Linear(2, 32)), nn.LeakyReLU(0.2), norm(nn.Linear(32, 32))
    model = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Linear(32, 1))
    loss = lambda out, y: F.relu(1 - y * out).mean()  # noqa: E731
    optimizer = torch.optim.Adam(model.parameters(), 4e-3, betas=(0.0, 0.9))
    return _case(model, loss, optimizer, x[:256], y), _measure(loss, x[256:], y)


@_sound("a generator's step against a frozen critic", 120)
def _h_generator():
    centre = torch.tensor([1.0, -1.0])

    def rule(net, z):
        made = net.generator(z)
        return net.critic(made)

    real, noise = centre + 0.4 * torch.randn(200, 2), torch.randn(256, 3)
    critic, label = _mlp(2, 24, 1), (torch.arange(400).view(-1, 1) < 200).float()
    _pretrain(critic, BCE(), torch.cat([real, 1.2 * torch.randn(200, 2)]), label, 60)
    model = _Net(rule, generator=_mlp(3, 24, 2), critic=critic.requires_grad_(False))
    optimizer = torch.optim.Adam(model.generator.parameters(), 2e-3, betas=(0.5, 0.999))
    y = torch.ones(128, 1)
    return _case(model, BCE(), optimizer, noise[:128], y), _measure(
        BCE(), noise[128:], y
    )


@_sound("a flow of affine couplings by its likelihood", 120)
def _h_flow():
    angle = 6.3 * torch.rand(500, 1)
    x = torch.cat([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(500, 2)
    nets = nn.ModuleList(_mlp(1, 24, 2, act=nn.Tanh) for _ in range(6))
    for net in nets:
        nn.init.zeros_(net[-1].weight)

    def rule(net, x):
        total = torch.zeros(len(x))
        for part in net.nets:
            fixed, moved = x.chunk(2, 1)
            shift, scale = part(fixed).chunk(2, 1)
            moved = (moved - shift) * scale.tanh().exp()
            x, total = torch.cat([moved, fixed], 1), total + scale.tanh().sum(1)
        return (x**2).sum(1) / 2 - total

    model = _Net(rule, nets=nets)
    loss = lambda out, y: out.mean()  # noqa: E731
    optimizer, y = torch.optim.Adam(model.parameters(), 0.01), torch.zeros(250)
    return _case(model, loss, optimizer, x[:250], y), _measure(loss, x[250:], y)


@_sound("a graph network on one graph, half of its nodes labelled", 60)
def _h_graph():
    kind = torch.randint(3, (120,))
    same = kind[:, None] == kind
    edges = (torch.rand(120, 120) < torch.where(same, 0.12, 0.02)).float()
    edges = ((edges + edges.T + torch.eye(120)) > 0).float()
    degree = edges.sum(1)
    links = edges / (degree[:, None] * degree).sqrt()
    x = F.one_hot(kind, 3) + torch.randn(120, 3)
    y = torch.where(torch.arange(120) < 60, kind, -100)
    rule = lambda net, x: net.links @ net.last((net.links @ net.first(x)).relu())  # noqa: E731
    model = _Net(rule, first=nn.Linear(3, 16), last=nn.Linear(16, 3), links=links)
    optimizer = torch.optim.Adam(model.parameters(), 0.02, weight_decay=5e-4)
    unseen = torch.where(torch.arange(120) < 60, -100, kind)
    return _case(model, CE(), optimizer, x, y), _measure(CE(), x, unseen)


def pairs() -> dict[str, Callable[[bool], Case]]:
    """The cases by what is wrong: `case(broken)` gives the arguments of `doctor`.

    Examples:
        >>> case = pairs()["the optimizer still maximises"]
        >>> [case(bad)["optimizer"].defaults["maximize"] for bad in (True, False)]
        [True, False]
    """
    return {words: lambda bad, b=build: b(bad)[0] for words, build in PAIRS.items()}


def healthy() -> dict[str, Callable[[], Case]]:
    """Sound set-ups by what is unusual in them: `case()` gives the arguments.

    Examples:
        >>> case = healthy()["a batch of one to be memorised"]()
        >>> len(case["inputs"]), len(pairs()), len(healthy())
        (1, 30, 60)
    """
    return {words: lambda b=build: b()[0] for words, build in HEALTHY.items()}
