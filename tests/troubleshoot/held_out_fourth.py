"""A fourth set of held-out training set-ups: 40 broken/healthy pairs, 50 healthy ones."""

from collections.abc import Callable
from functools import cache, partial

import torch
from sklearn import datasets
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.optim import lr_scheduler as schedules

Case = dict[str, object]
CE, BCE = nn.CrossEntropyLoss, nn.BCEWithLogitsLoss
_PAIRS: dict[str, Callable[..., Case]] = {}
_HEALTHY: dict[str, Callable[..., Case]] = {}


# ------------------------------------------------------------------ tools


def _seeded(build: Callable[..., Case], *given: bool, seed: int = 0) -> Case:
    """One case: `seed` draws the samples and the weights, never the task."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return build(*given)


def _pair(words: str):
    def keep(build):
        _PAIRS[words] = lambda bad, seed=0: _seeded(build, bool(bad), seed=seed)
        return build

    return keep


def _well(words: str):
    def keep(build):
        _HEALTHY[words] = lambda seed=0: _seeded(build, seed=int(seed))
        return build

    return keep


class _Net(nn.Module):
    """A module of named parts whose forward is a function of itself and its inputs."""

    def __init__(self, rule, **parts):
        super().__init__()
        self.rule = rule
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.rule(self, x)


class _Half(_Net):
    """The same under float16 autocast, as on a GPU."""

    def forward(self, x):
        with torch.autocast("cpu", torch.float16):
            out = self.rule(self, x)
        return out.float()


def _mlp(*widths, act=nn.ReLU):
    layers = []
    for wide, out in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Linear(wide, out), act()]
    return nn.Sequential(*layers[:-1])


def _task(*shape, seed=1):
    """The constants of a task: the same whatever the seed of the samples."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _case(model, criterion, optimizer, inputs, target, **more) -> Case:
    case = {"model": model, "criterion": criterion, "optimizer": optimizer}
    return case | {"inputs": inputs, "target": target} | more


def _adam(model, lr=1e-2, **options):
    return torch.optim.Adam(model.parameters(), lr, **options)


def _sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr, **options)


def _train(model, criterion, optimizer, inputs, target, steps):
    """Leave `model` as it is after a few steps, as a checkpoint would."""
    with torch.enable_grad():
        for _ in range(steps):
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    optimizer.zero_grad()


@cache
def _table(name):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x, y = torch.tensor(x).float(), torch.tensor(y)
    return (x - x.mean(0)) / x.std(0), y


def _rows(name, size):
    """Some rows of a table of scikit-learn, standardised."""
    x, y = _table(name)
    rows = torch.randperm(len(y))[:size]
    return x[rows], y[rows]


@cache
def _all_digits():
    x, y = datasets.load_digits(return_X_y=True)
    return torch.tensor(x).float() / 16, torch.tensor(y)


def _digits(size):
    x, y = _all_digits()
    rows = torch.randperm(len(y))[:size]
    return x[rows], y[rows]


def _curve(size, wide):
    """Inputs and a smooth scalar of them, near mean 0 and deviation 1."""
    x = torch.randn(size, wide)
    w = _task(wide, 2)
    return x, ((x @ w[:, :1] / 2).sin() + (x @ w[:, 1:]) / wide**0.5)


def _spoken(size, frames, letters, noise=0.3):
    """Frames of `letters` symbols of 1 to 5, each lasting as long as the others."""
    y = torch.randint(1, 6, (size, letters))
    for i in range(1, letters):  # no letter twice in a row
        y[:, i] = torch.where(y[:, i] == y[:, i - 1], y[:, i] % 5 + 1, y[:, i])
    when = torch.arange(frames) * letters // frames
    return _task(6, 8)[y[:, when]] + noise * torch.randn(size, frames, 8), y


def _ctc(out, y, raw=False):
    logs = out.transpose(0, 1)
    logs = logs if raw else logs.log_softmax(-1)
    long = torch.full((len(y),), len(logs)), torch.full((len(y),), y.shape[1])
    return F.ctc_loss(logs, y, *long, zero_infinity=True)


def _chain(size, length, words=20):
    """Sentences of a Markov chain: four times in five the successor is fixed."""
    after = torch.randperm(words, generator=torch.Generator().manual_seed(2))
    x = torch.randint(words, (size, length))
    for t in range(1, length):
        follow = torch.rand(size) < 0.8
        x[:, t] = torch.where(follow, after[x[:, t - 1]], x[:, t])
    return x


def _tokens(out, y):
    """Cross-entropy of (N, T, C) logits and (N, T) words."""
    return F.cross_entropy(out.mT, y)


def _blobs(size, side=12):
    """Smooth grey images (N, 1, H, W)."""
    noise = torch.randn(size, 1, side + 4, side + 4)
    return 3 * F.avg_pool2d(noise, 5, 1)


def _block(wide=32, heads=4):
    return nn.TransformerEncoderLayer(
        wide, heads, 2 * wide, 0.0, "gelu", batch_first=True, norm_first=True
    )


def _gaussian_kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()


# ------------------------------------------------------------------ pairs
# Where a thread of a tracker or forum tells of the fault, the case names it.


@_pair("the distillation loss gets probabilities, not their logarithms")
def _distil(bad: bool) -> Case:
    # microsoft/ProDA#20, sebastian-hofstaetter/matchmaker#18
    x = torch.randn(64, 10)
    y = (1.5 * x @ _task(10, 5) / 2).softmax(1)

    def loss(out, y):
        soft = (out / 2).softmax(1) if bad else (out / 2).log_softmax(1)
        return 4 * F.kl_div(soft, y, reduction="batchmean")

    model = _mlp(10, 32, 5)
    return _case(model, loss, _adam(model, 5e-3), x, y)


@_pair("the CTC loss gets raw logits")
def _ctc_raw(bad: bool) -> Case:
    x, y = _spoken(16, 20, 4)
    model = _mlp(8, 48, 6)
    return _case(model, partial(_ctc, raw=bad), _adam(model, 2e-2), x, y)


@_pair("the output has fewer frames than the label has letters")
def _ctc_short(bad: bool) -> Case:
    # zero_infinity hides it: wenet-e2e/wenet#2299, open-mmlab/mmocr#149
    x, y = _spoken(16, 40, 8)
    front = nn.Conv1d(8, 32, 5, 8 if bad else 2, 2)
    body = nn.Sequential(front, nn.ReLU(), nn.Conv1d(32, 6, 1))
    model = _Net(lambda net, x: net.body(x.mT).mT, body=body)
    return _case(model, _ctc, _adam(model), x, y)


@_pair("the KL term is summed, the reconstruction averaged")
def _vae_scale(bad: bool) -> Case:
    # podgorskiy/VAE#1, zdebruine/MMVAE#19
    x, _ = _digits(64)

    def rule(net, x):
        mu, logvar = net.encode(x).chunk(2, 1)
        return net.decode(mu + (logvar / 2).exp() * torch.randn_like(mu)), mu, logvar

    def loss(out, y):
        recon, mu, logvar = out
        error = F.mse_loss(recon, y) if bad else 10 * ((recon - y) ** 2).sum(1).mean()
        return error + _gaussian_kl(mu, logvar)

    model = _Net(rule, encode=_mlp(64, 64, 16), decode=_mlp(8, 64, 64))
    return _case(model, loss, _adam(model, 3e-3), x, x)


@_pair("the latent is drawn by sample(), not rsample()")
def _vae_sample(bad: bool) -> Case:
    # jankrepl/deepdow#106
    x = torch.randn(96, 3) @ _task(3, 12)

    def rule(net, x):
        mu, logvar = net.encode(x).chunk(2, 1)
        cloud = Normal(mu, (logvar / 2).exp())
        return net.decode(cloud.sample() if bad else cloud.rsample()), mu, logvar

    def loss(out, y):
        recon, mu, logvar = out
        return ((recon - y) ** 2).sum(1).mean() + _gaussian_kl(mu, logvar)

    model = _Net(rule, encode=_mlp(12, 32, 6), decode=_mlp(3, 32, 12))
    return _case(model, loss, _adam(model, 5e-3), x, x)


@_pair("the likelihood forgets the logarithm of the variance")
def _no_logvar(bad: bool) -> Case:
    x, y = _curve(64, 6)
    y = y + 0.2 * torch.randn_like(y)

    def loss(out, y):
        mean, logvar = out.chunk(2, 1)
        fit = (mean - y) ** 2 * (-logvar).exp()
        return (fit if bad else fit + logvar).mean() / 2

    model = _mlp(6, 32, 2, act=nn.Tanh)
    return _case(model, loss, _adam(model), x, y)


@_pair("the cosine similarity is minimised")
def _cosine_sign(bad: bool) -> Case:
    # tensorflow/tensorflow#32186, ai4co/rl4co#283
    x = torch.randn(64, 12)
    y = (x @ _task(12, 6)).tanh()

    def loss(out, y):
        alike = F.cosine_similarity(out, y).mean()
        return alike if bad else -alike

    model = _mlp(12, 32, 6, act=nn.GELU)
    return _case(model, loss, _adam(model, 3e-3), x, y)


@_pair("CosineEmbeddingLoss gets labels of 0 and 1")
def _cosine_labels(bad: bool) -> Case:
    # pytorch/pytorch#8316 explains the labels
    kinds = torch.randint(5, (96, 2))
    kinds[::2, 1] = kinds[::2, 0]
    x = _task(5, 10)[kinds] + 2 + 0.5 * torch.randn(96, 2, 10)
    y = (kinds[:, 0] == kinds[:, 1]).float()
    y = y if bad else 2 * y - 1

    def loss(out, y):
        return F.cosine_embedding_loss(out[:, 0], out[:, 1], y, margin=0.2)

    model = _mlp(10, 32, 8)
    return _case(model, loss, _adam(model, 3e-3), x, y)


@_pair("the similarities are multiplied by the temperature")
def _temperature(bad: bool) -> Case:
    # bowang-lab/BLEEP#5
    x = torch.randn(64, 6)
    x = torch.stack([x @ _task(6, 16), (x @ _task(6, 16, seed=2)).tanh()], 1)

    def rule(net, x):
        towers = net.left(x[:, 0]), net.right(x[:, 1])
        return torch.stack([F.normalize(tower, dim=1) for tower in towers], 1)

    def loss(out, y):
        alike = out[:, 0] @ out[:, 1].T
        alike = alike * 0.07 if bad else alike / 0.07
        return (F.cross_entropy(alike, y) + F.cross_entropy(alike.T, y)) / 2

    model = _Net(rule, left=_mlp(16, 32, 8), right=_mlp(16, 32, 8))
    return _case(model, loss, _sgd(model, 0.1, momentum=0.9), x, torch.arange(64))


@_pair("pos_weight is the inverse of what it should be")
def _pos_weight(bad: bool) -> Case:
    # open-mmlab/mmpretrain#434, serdna1/ODIR-5K-multi-label-classification#1
    x = torch.randn(256, 8)
    score = x @ F.normalize(_task(8, 1), dim=0) + 0.3 * torch.randn(256, 1)
    y = (score > 1.7).float()  # one in twenty
    loss = BCE(pos_weight=torch.tensor([1 / 19 if bad else 19.0]))
    model = _mlp(8, 32, 1)
    return _case(model, loss, _adam(model, 5e-3), x, y)


@_pair("ignore_index is a class that counts")
def _ignored(bad: bool) -> Case:
    x = _blobs(8)
    y = torch.bucketize(x[:, 0].contiguous(), torch.tensor([0.3, 0.9]))
    layers = nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 3, 1)
    model = nn.Sequential(*layers)
    loss = CE(ignore_index=0 if bad else 255)
    return _case(model, loss, _adam(model), x, y)


@_pair("labels of -1 and 1 meet binary cross-entropy")
def _signs(bad: bool) -> Case:
    x, y = _rows("breast_cancer", 64)
    y = y[:, None].float()
    model = _mlp(30, 16, 1)
    return _case(model, BCE(), _sgd(model, 0.05), x, 2 * y - 1 if bad else y)


@_pair("the language model is asked for the word it is given")
def _unshifted(bad: bool) -> Case:
    # huggingface/transformers#27517, KempnerInstitute/KempnerForge#154
    x = _chain(24, 13)
    rule = lambda net, x: net.head(net.body(net.words(x))[0])  # noqa: E731
    body = nn.GRU(24, 32, batch_first=True)
    model = _Net(rule, words=nn.Embedding(20, 24), body=body, head=nn.Linear(32, 20))
    y = x[:, :-1] if bad else x[:, 1:]
    return _case(model, _tokens, _adam(model, 5e-3), x[:, :-1], y)


@_pair("the causal mask is of ones and zeros, so it is added to the scores")
def _float_mask(bad: bool) -> Case:
    # mlverse/torch#1208: float masks are added
    x = torch.randint(8, (48, 12))
    for t in range(2, 12):
        x[:, t] = (x[:, t - 1] + x[:, t - 2]) % 8

    def rule(net, x):
        size = x.shape[1]
        seen = torch.ones(size, size).tril()
        mask = seen if bad else (seen == 0).float().masked_fill(seen == 0, -torch.inf)
        place = net.places(torch.arange(size))
        return net.head(net.body(net.words(x) + place, mask))

    table = nn.Embedding(8, 32), nn.Embedding(11, 32)
    model = _Net(
        rule, words=table[0], places=table[1], body=_block(), head=nn.Linear(32, 8)
    )
    return _case(model, _tokens, _adam(model, 3e-3), x[:, :-1], x[:, 1:])


@_pair("the attention knows no positions")
def _no_positions(bad: bool) -> Case:
    x = torch.randint(3, 10, (64, 8))
    places = torch.rand(64, 8).argsort(1)[:, :2]
    x.scatter_(1, places, torch.tensor([1, 2]).expand(64, 2))
    y = (places[:, 0] < places[:, 1]).long()  # does word 1 come before word 2?

    def rule(net, x):
        code = net.words(x)
        code = code if bad else code + net.places
        return net.head(net.body(code).mean(1))

    parts = {"words": nn.Embedding(10, 32), "body": _block(), "head": nn.Linear(32, 2)}
    parts |= {} if bad else {"places": nn.Parameter(torch.randn(8, 32) / 2)}
    model = _Net(rule, **parts)
    return _case(model, CE(), _adam(model, 3e-3), x, y)


@_pair("tied embeddings start from N(0, 1)")
def _tied(bad: bool) -> Case:
    # pytorch/pytorch#3121, huggingface/transformers#26441
    x = _chain(24, 13, 50)
    words = nn.Embedding(50, 64)
    if not bad:
        nn.init.normal_(words.weight, std=0.02)

    def rule(net, x):
        code = net.norm(net.words(x))
        return (code + net.body(code)) @ net.words.weight.T

    model = _Net(rule, words=words, norm=nn.LayerNorm(64), body=_mlp(64, 64, 64))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    return _case(model, _tokens, optimizer, x[:, :-1], x[:, 1:])


@_pair("the LSTM is read at the end of the padding")
def _padded_lstm(bad: bool) -> Case:
    # thtrieu/qclass_dl#1, ray-project/ray#21392
    lengths = torch.randint(3, 9, (48,))
    x = torch.randint(1, 9, (48, 60)) * (torch.arange(60) < lengths[:, None])
    y = (x[:, 0] + x[:, 1]) % 3

    def rule(net, x):
        out, _ = net.body(net.words(x))
        last = (x > 0).sum(1) - 1
        return net.head(out[:, -1] if bad else out[torch.arange(len(x)), last])

    words = nn.Embedding(9, 16, padding_idx=0)
    body = nn.LSTM(16, 32, batch_first=True)
    model = _Net(rule, words=words, body=body, head=nn.Linear(32, 3))
    return _case(model, CE(), _adam(model), x, y)


@_pair("BatchNorm meets batches of two")
def _tiny_batch(bad: bool) -> Case:
    # google/automl#881, xuebinqin/BASNet#42
    x, y = _curve(2, 6)
    norm = nn.BatchNorm1d(32) if bad else nn.LayerNorm(32)
    model = nn.Sequential(nn.Linear(6, 32), norm, nn.ReLU(), nn.Linear(32, 1))
    return _case(model, nn.MSELoss(), _adam(model, 3e-3), x, y)


@_pair("GroupNorm has one channel a group on a map of one pixel")
def _one_pixel(bad: bool) -> Case:
    x, y = _digits(64)
    layers = nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.MaxPool2d(4)
    norm = nn.GroupNorm(32 if bad else 4, 32)
    model = nn.Sequential(*layers, norm, nn.ReLU(), nn.Flatten(), nn.Linear(32, 10))
    return _case(model, CE(), _adam(model, 5e-3), x.view(-1, 1, 8, 8), y)


class _Dense(nn.Module):
    def __init__(self, wide, out, scale):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(wide, out) * scale)
        self.bias = nn.Parameter(torch.zeros(out))

    def forward(self, x):
        return x @ self.weight + self.bias


@_pair("a home-made layer starts from torch.randn, unscaled")
def _randn(bad: bool) -> Case:
    x, y = _curve(96, 8)
    widths = [8, 64, 64, 64, 1]
    layers = []
    for wide, out in zip(widths[:-1], widths[1:], strict=True):
        layers += [_Dense(wide, out, 1.0 if bad else (2 / wide) ** 0.5), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    return _case(model, nn.MSELoss(), _adam(model, 1e-3), x, y)


@_pair("a deep network starts from N(0, 0.01)")
def _small_start(bad: bool) -> Case:
    x = torch.randn(96, 2)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = _mlp(2, *[32] * 6, 2)
    for layer in model[::2]:
        if bad:
            nn.init.normal_(layer.weight, std=0.01)
        else:
            nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    return _case(model, CE(), _sgd(model, 0.05, momentum=0.9), x, y)


@_pair("the predictions are rounded before the loss")
def _rounded(bad: bool) -> Case:
    # discuss.pytorch.org/t/torch-round-gradient/28628
    x, y = _curve(96, 8)
    y = (1.2 * y + 3).round().clamp(1, 5)

    def loss(out, y):
        return F.smooth_l1_loss(out.round() if bad else out, y)

    model = _mlp(8, 32, 1)
    return _case(model, loss, _adam(model), x, y)


@_pair("the ids are scaled to [0, 1) before they index the embedding")
def _scaled_ids(bad: bool) -> Case:
    x = torch.randint(40, (128,))
    y = _task(40)[x][:, None] + 0.1 * torch.randn(128, 1)
    rule = lambda net, x: net.head(net.items(x.long()))  # noqa: E731
    model = _Net(rule, items=nn.Embedding(40, 8), head=_mlp(8, 16, 1))
    return _case(model, nn.MSELoss(), _adam(model), x / 40 if bad else x, y)


@_pair("an image (H, W, C) is viewed as (C, H, W)")
def _viewed(bad: bool) -> Case:
    # Selen-Suyue/DensePolicy2D#3
    colours = torch.eye(3).repeat_interleave(2, 0) * torch.tensor([1, -1] * 3)[:, None]
    y = torch.randint(6, (64,))
    x = 0.3 * torch.randn(64, 8, 8, 3)
    for image, kind in zip(x, y, strict=True):
        top, left = torch.randint(5, (2,)).tolist()
        image[top : top + 3, left : left + 3] += 2 * colours[kind]

    def rule(net, x):
        x = x.view(-1, 3, 8, 8) if bad else x.permute(0, 3, 1, 2)
        return net.head(net.body(x).relu().mean((2, 3)))

    model = _Net(rule, body=nn.Conv2d(3, 24, 3), head=nn.Linear(24, 6))
    return _case(model, CE(), _adam(model), x, y)


@_pair("Adam's epsilon is 1")
def _epsilon(bad: bool) -> Case:
    x, y = _rows("diabetes", 96)
    y = ((y - 152) / 77)[:, None].float()
    model = _mlp(10, 32, 1)
    options = {"eps": 1.0} if bad else {}
    return _case(model, nn.MSELoss(), _adam(model, 2e-3, **options), x, y)


@_pair("the optimizer maximises the loss")
def _maximised(bad: bool) -> Case:
    x = torch.randn(64, 5)
    y = (x.abs().sum(1) > 4).long()
    model = _mlp(5, 24, 2, act=nn.SiLU)
    return _case(model, CE(), _adam(model, 3e-3, maximize=bad), x, y)


@_pair("the generator minimises log(1 - D) against a sure discriminator")
def _saturated(bad: bool) -> Case:
    # carpedm20/DCGAN-tensorflow#33
    judge = nn.Linear(2, 1)
    with torch.no_grad():  # the real points lie about (3, 3)
        judge.weight.fill_(6.0)
        judge.bias.fill_(-24.0)
    model = _Net(lambda net, z: net.judge(net.make(z)), make=_mlp(4, 32, 2))
    optimizer = _adam(model, 5e-3)
    model.judge = judge.requires_grad_(False)

    def loss(out, y):
        if bad:
            return (1 - out.double().sigmoid()).log().mean().float()
        return F.binary_cross_entropy_with_logits(out, y)

    return _case(model, loss, optimizer, torch.randn(64, 4), torch.ones(64, 1))


@_pair("ReduceLROnPlateau is told that more is better")
def _plateau_max(bad: bool) -> Case:
    # FunctionLab/selene#115, RMeli/gnina-torch#57
    x, y = _curve(96, 6)
    model = _mlp(6, 32, 1, act=nn.Tanh)
    optimizer = _sgd(model, 0.05)
    mode = "max" if bad else "min"
    plateau = schedules.ReduceLROnPlateau(optimizer, mode, 0.1, patience=2)
    return _case(model, nn.MSELoss(), optimizer, x, y, scheduler=plateau)


@_pair("Adadelta gets the rate of Adam")
def _adadelta(bad: bool) -> Case:
    # tensorflow/tensorflow#36785, keras-team/keras#3889
    x, y = _digits(64)
    model = _mlp(64, 48, 10)
    optimizer = torch.optim.Adadelta(model.parameters(), 1e-3 if bad else 1.0)
    return _case(model, CE(label_smoothing=0.05), optimizer, x, y)


@_pair("small gradients underflow in half precision, for want of a scaler")
def _underflow(bad: bool) -> Case:
    x = torch.randn(256, 16)
    y = x @ _task(16, 128) / 4
    model = _Half(lambda net, x: net.body(x), body=_mlp(16, 32, 128))

    def loss(out, y):
        return 1e-4 * F.mse_loss(out, y)

    scaler = torch.amp.GradScaler("cpu", enabled=not bad)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, eps=1e-12)
    return _case(model, loss, optimizer, x, y, scaler=scaler)


@_pair("bfloat16 weights round every update away")
def _bfloat(bad: bool) -> Case:
    # pytorch/ao#1124, meta-pytorch/torchtune#2254
    x, y = _curve(96, 16)
    kind = torch.bfloat16 if bad else torch.float32
    model = _mlp(16, 128, 1).to(kind)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2.0)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-4, weight_decay=0.0)
    return _case(model, nn.MSELoss(), optimizer, x.to(kind), y.to(kind))


@_pair("the pixels are divided as integers")
def _integers(bad: bool) -> Case:
    x, y = _digits(96)
    pixels = (240 * x).to(torch.uint8)
    x = (pixels // 255).float() if bad else pixels / 255
    model = _mlp(64, 32, 10)
    return _case(model, CE(), _adam(model), x, y)


@_pair("MultiLabelMarginLoss gets a multi-hot target")
def _margin(bad: bool) -> Case:
    # pytorch/pytorch#15863
    x = torch.randn(96, 8)
    hot = (x @ _task(8, 6)).topk(2).indices
    y = F.pad(hot, (0, 4), value=-1)
    y = torch.zeros(96, 6).scatter(1, hot, 1).long() if bad else y
    model = _mlp(8, 32, 6)
    return _case(model, nn.MultiLabelMarginLoss(), _adam(model, 5e-3), x, y)


@_pair("PoissonNLLLoss takes the rates for their logarithms")
def _poisson(bad: bool) -> Case:
    x = torch.randn(128, 5)
    y = torch.poisson((x @ _task(5, 1) / 2 - 1.5).exp())
    model = _mlp(5, 32, 1).append(nn.Softplus())
    return _case(model, nn.PoissonNLLLoss(log_input=bad), _adam(model, 5e-3), x, y)


def _two_heads(net, x):
    code = net.body(x)
    return net.kind(code), net.price(code)


@_pair("the loss of the second task replaces that of the first")
def _replaced(bad: bool) -> Case:
    x, y = _curve(96, 8)
    y = torch.cat([(x[:, :1] * x[:, 1:2] > 0).float(), y], 1)

    def loss(out, y):
        total = F.binary_cross_entropy_with_logits(out[0], y[:, :1])
        second = F.mse_loss(out[1], y[:, 1:])
        return second if bad else total + second

    heads = {"kind": nn.Linear(32, 1), "price": nn.Linear(32, 1)}
    model = _Net(_two_heads, body=_mlp(8, 32, 32).append(nn.ReLU()), **heads)
    return _case(model, loss, _adam(model, 5e-3), x, y)


@_pair("the loss of one task dwarfs that of the other")
def _dwarfed(bad: bool) -> Case:
    x, y = _curve(96, 8)
    kind = (x[:, 2:3] * x[:, 3:4] > 0).float()
    y = torch.cat([kind, 1e4 * y if bad else y], 1)

    def loss(out, y):
        first = F.binary_cross_entropy_with_logits(out[0], y[:, :1])
        return first + F.mse_loss(out[1], y[:, 1:])

    heads = {"kind": nn.Linear(16, 1), "price": nn.Linear(16, 1)}
    model = _Net(_two_heads, body=_mlp(8, 32, 16).append(nn.ReLU()), **heads)
    return _case(model, loss, _adam(model, 5e-3), x, y)


@_pair("the root of a zero distance has no slope")
def _root(bad: bool) -> Case:
    # pytorch/pytorch#2421 and #4320
    kinds = torch.randint(4, (48,))
    x = 2 * _task(4, 12)[kinds] + torch.randn(48, 12)

    def loss(out, y):
        square = (out[:, None] - out).square().sum(-1)
        far = (square + (0.0 if bad else 1e-8)).sqrt()
        same = y[:, None] == y
        return (far[same] ** 2).mean() + (2 - far[~same]).relu().square().mean()

    model = _mlp(12, 32, 4)
    return _case(model, loss, _adam(model, 5e-3), x, kinds)


@_pair("a sentence without words makes the attention NaN")
def _empty(bad: bool) -> Case:
    # pytorch/pytorch#41508
    lengths = torch.randint(2, 9, (32,))
    lengths[3] = 0
    x = torch.randint(1, 12, (32, 8)) * (torch.arange(8) < lengths[:, None])
    y = (x == 5).any(1).long()

    def rule(net, x):
        code = net.words(x)
        floor = -torch.inf if bad else -1e4
        score = net.score(code).squeeze(-1).masked_fill(x == 0, floor)
        return net.head((score.softmax(1)[..., None] * code).sum(1))

    words = nn.Embedding(12, 16)
    model = _Net(rule, words=words, score=nn.Linear(16, 1), head=nn.Linear(16, 2))
    return _case(model, CE(), _adam(model), x, y)


@_pair("dropout follows the last layer")
def _last_dropout(bad: bool) -> Case:
    x, y = _curve(128, 6)
    model = _mlp(6, 48, 1, act=nn.GELU)
    model.append(nn.Dropout(0.5)) if bad else model.insert(2, nn.Dropout(0.05))
    return _case(model, nn.MSELoss(), _adam(model, 5e-3), x, 2 + y)


@_pair("the factors of the items are a tensor, not a parameter")
def _plain_tensor(bad: bool) -> Case:
    x = torch.stack([torch.randint(20, (512,)), torch.randint(15, (512,))], 1)
    y = (_task(20, 2)[x[:, 0]] * _task(15, 2, seed=3)[x[:, 1]]).sum(1)
    items = torch.randn(15, 2)
    items = items.requires_grad_() if bad else nn.Parameter(items)

    def rule(net, x):
        return (net.users(x[:, 0]) * net.items[x[:, 1]]).sum(1)

    model = _Net(rule, users=nn.Embedding(20, 2), items=items)
    return _case(model, nn.MSELoss(), _adam(model, 2e-2), x, y)


# ------------------------------------------------------------------ healthy ones


def _conv_net(out=10):
    layers = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, out))


def _pretrained(steps=12):
    """A small convolution network that has seen other digits."""
    x, y = _digits(64)
    model = _conv_net()
    _train(model, CE(), _adam(model, 1e-2), x.view(-1, 1, 8, 8), y, steps)
    return model


@_well("fine-tuning with frozen BatchNorm in eval mode")
def _frozen_norm() -> Case:
    x, y = _digits(48)
    model = _pretrained()
    model[1].eval().requires_grad_(False)
    model[5] = nn.Linear(256, 2)  # is the digit even?
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], 0.02, 0.9
    )
    return _case(model, CE(), optimizer, x.view(-1, 1, 8, 8), y % 2)


@_well("a linear probe on a frozen backbone")
def _probe() -> Case:
    x, y = _digits(64)
    model = _pretrained().requires_grad_(False)
    model[1].eval()
    model[5] = nn.Linear(256, 10)
    optimizer = torch.optim.AdamW(model[5].parameters(), 5e-3)
    return _case(model, CE(), optimizer, x.view(-1, 1, 8, 8), y)


@_well("a language model with tied embeddings")
def _well_tied() -> Case:
    x = _chain(32, 17, 30)
    words = nn.Embedding(30, 32)
    nn.init.normal_(words.weight, std=0.05)

    def rule(net, x):
        out, _ = net.body(net.words(x))
        return F.linear(net.norm(out), net.words.weight, net.bias)

    parts = {"body": nn.GRU(32, 32, batch_first=True), "norm": nn.LayerNorm(32)}
    parts |= {"words": words, "bias": nn.Parameter(torch.zeros(30))}
    model = _Net(rule, **parts)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, weight_decay=0.05)
    return _case(model, _tokens, optimizer, x[:, :-1], x[:, 1:])


@_well("two groups of parameters with rates 100 apart")
def _groups() -> Case:
    x, y = _digits(64)
    model = _pretrained()
    model[5] = nn.Linear(256, 5)
    groups = [{"params": model[:5].parameters(), "lr": 5e-5}]
    groups += [{"params": model[5].parameters(), "lr": 5e-3}]
    return _case(model, CE(), torch.optim.Adam(groups), x.view(-1, 1, 8, 8), y // 2)


@_well("targets of millionths, scaled in the loss")
def _tiny_targets() -> Case:
    x, y = _curve(96, 5)

    def loss(out, y):
        return F.mse_loss(out * 1e6, y * 1e6)

    model = _Net(lambda net, x: 1e-6 * net.body(x), body=_mlp(5, 32, 1, act=nn.Tanh))
    return _case(model, loss, _adam(model, 5e-3), x, 1e-6 * y)


class _Unscale(nn.Module):
    """Brings standardised outputs back to the unit of the targets."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, x):
        return self.mean + self.std * x


@_well("prices in dollars, rescaled by buffers in the model")
def _prices() -> Case:
    x, y = _curve(96, 7)

    def loss(out, y):
        return F.huber_loss(out / 8e4, y / 8e4)

    model = _mlp(7, 48, 1, act=nn.SiLU).append(_Unscale(3e5, 8e4))
    optimizer = torch.optim.NAdam(model.parameters(), 5e-3)
    return _case(model, loss, optimizer, x, 3e5 + 8e4 * y)


@_well("class weights for one positive in ten")
def _weighted() -> Case:
    x = torch.randn(200, 6)
    y = (x @ F.normalize(_task(6, 1), dim=0) > 1.28).squeeze(1).long()
    loss = CE(weight=torch.tensor([0.55, 5.0]))
    model = _mlp(6, 24, 2)
    return _case(model, loss, _sgd(model, 0.1, momentum=0.9), x, y)


@_well("tagging with padding and ignore_index")
def _tagging() -> Case:
    x = torch.randint(1, 30, (24, 15))
    x[torch.arange(15) >= torch.randint(3, 16, (24, 1))] = 0
    y = torch.where(x > 0, x % 7, -100)
    rule = lambda net, x: net.head(net.body(net.words(x))[0])  # noqa: E731
    body = nn.LSTM(16, 16, batch_first=True, bidirectional=True)
    words = nn.Embedding(30, 16, padding_idx=0)
    model = _Net(rule, words=words, body=body, head=nn.Linear(32, 7))
    loss = lambda out, y: F.cross_entropy(out.flatten(0, 1), y.flatten())  # noqa: E731
    return _case(model, loss, _adam(model, 1e-2), x, y)


@_well("label smoothing, weight decay and Nesterov")
def _smoothing() -> Case:
    x, y = _digits(128)
    model = _conv_net()
    options = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
    optimizer = _sgd(model, 0.02, **options)
    return _case(model, CE(label_smoothing=0.1), optimizer, x.view(-1, 1, 8, 8), y)


@_well("soft targets of mixup")
def _mixup() -> Case:
    x, y = _rows("wine", 96)
    share = torch.rand(96, 1) * 0.3
    turn = torch.randperm(96)
    hot = F.one_hot(y, 3).float()
    x, y = x.lerp(x[turn], share), hot.lerp(hot[turn], share)
    model = _mlp(13, 32, 3, act=nn.GELU)
    return _case(model, CE(), _adam(model, 3e-3), x, y)


@_well("a Gaussian likelihood that goes below 0")
def _gaussian() -> Case:
    x, y = _curve(128, 4)
    y = (y + torch.randn_like(y) * 0.1).double()

    def loss(out, y):
        return F.gaussian_nll_loss(out[:, :1], y, F.softplus(out[:, 1:]) + 1e-4)

    model = _mlp(4, 64, 2, act=nn.Tanh).double()
    return _case(model, loss, _adam(model), x.double(), y)


@_well("a denoiser that maximises the correlation")
def _denoiser() -> Case:
    clean = _blobs(12, 10)
    x = clean + 0.7 * torch.randn_like(clean)

    def loss(out, y):
        a, b = (t.flatten(1) - t.flatten(1).mean(1, keepdim=True) for t in (out, y))
        return -F.cosine_similarity(a, b).mean()

    layers = nn.Conv2d(1, 8, 5, padding=2), nn.GELU(), nn.Conv2d(8, 1, 5, padding=2)
    model = nn.Sequential(*layers)
    return _case(model, loss, _adam(model, 5e-3), x, clean)


@_well("two towers with a learned temperature")
def _towers() -> Case:
    z = torch.randn(48, 5)
    x = torch.cat([z @ _task(5, 12), (z @ _task(5, 12, seed=4)).tanh()], 1)

    def rule(net, x):
        left = F.normalize(net.left(x[:, :12]), dim=1)
        right = F.normalize(net.right(x[:, 12:]), dim=1)
        return net.scale.exp().clamp(max=100) * left @ right.T

    def loss(out, y):
        return (F.cross_entropy(out, y) + F.cross_entropy(out.T, y)) / 2

    parts = {"left": _mlp(12, 32, 8), "right": _mlp(12, 32, 8)}
    model = _Net(rule, **parts, scale=nn.Parameter(torch.tensor(2.659)))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, (0.9, 0.98), 1e-6)
    return _case(model, loss, optimizer, x, torch.arange(48))


@_well("a summed loss with a small rate")
def _summed() -> Case:
    x, y = _rows("breast_cancer", 128)
    model = _mlp(30, 16, 1)
    loss = BCE(reduction="sum")
    return _case(model, loss, _sgd(model, 5e-4, momentum=0.9), x, y[:, None].float())


@_well("dropout of one half")
def _dropout() -> Case:
    x, y = _digits(128)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.5))
    model.extend([nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)])
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    return _case(model, CE(), optimizer, x, y)


@_well("a transformer that classifies padded sentences from a CLS token")
def _cls() -> Case:
    x = torch.randint(2, 14, (48, 10))
    x[:, 0] = 1
    x[torch.arange(10) >= torch.randint(4, 11, (48, 1))] = 0
    y = (x == 7).any(1).long()

    def rule(net, x):
        code = net.words(x) + net.places
        return net.head(net.body(code, src_key_padding_mask=x == 0)[:, 0])

    words = nn.Embedding(14, 32, padding_idx=0)
    places = nn.Parameter(0.02 * torch.randn(10, 32))
    body = nn.TransformerEncoder(_block(), 2, enable_nested_tensor=False)
    model = _Net(rule, words=words, places=places, body=body, head=nn.Linear(32, 2))
    return _case(model, CE(), _adam(model, 2e-3), x, y)


@_well("an LSTM whose caller clips the gradients")
def _clipped() -> Case:
    x = torch.randn(32, 25, 2)
    y = (x[..., 0] * (x[..., 1] > 0.8)).sum(1, keepdim=True)
    body = nn.LSTM(2, 24, batch_first=True)
    with torch.no_grad():  # the forget gate starts open
        body.bias_hh_l0[24:48] = 1.0
    rule = lambda net, x: net.head(net.body(x)[0][:, -1])  # noqa: E731
    model = _Net(rule, body=body, head=nn.Linear(24, 1))
    optimizer = torch.optim.RMSprop(model.parameters(), 5e-3)
    return _case(model, nn.MSELoss(), optimizer, x, y)


@_well("a physical law in float64: the derivative is fitted too")
def _derivative() -> Case:
    x = 4 * torch.rand(64, 1, dtype=torch.float64) - 2
    y = torch.cat([x.sin(), x.cos()], 1)

    def rule(net, x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            out = net.body(x)
            slope = torch.autograd.grad(out.sum(), x, create_graph=True)[0]
        return torch.cat([out, slope], 1)

    model = _Net(rule, body=_mlp(1, 32, 32, 1, act=nn.Tanh)).double()
    return _case(model, nn.MSELoss(), _adam(model, 5e-3), x, y)


@_well("a bfloat16 model with a rate its weights can follow")
def _brain() -> Case:
    x, y = _digits(128)
    model = _mlp(64, 64, 10).bfloat16()
    optimizer = _sgd(model, 0.1, momentum=0.9)
    return _case(model, CE(), optimizer, x.bfloat16(), y)


@_well("a warm-up whose first rate is 0")
def _warm_up() -> Case:
    x, y = _curve(96, 6)
    model = _mlp(6, 32, 32, 1, act=nn.GELU)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    rise = schedules.LambdaLR(optimizer, lambda t: min(1.0, t / 20))
    return _case(model, nn.MSELoss(), optimizer, x, y, scheduler=rise)


@_well("OneCycleLR for SGD")
def _one_cycle() -> Case:
    x, y = _digits(128)
    model = _conv_net()
    optimizer = _sgd(model, 1e-3, momentum=0.9)
    cycle = schedules.OneCycleLR(optimizer, 0.1, 500)
    return _case(model, CE(), optimizer, x.view(-1, 1, 8, 8), y, scheduler=cycle)


@_well("ReduceLROnPlateau with patience")
def _plateau() -> Case:
    x, y = _rows("diabetes", 128)
    y = ((y - 152) / 77)[:, None].float()
    model = _mlp(10, 24, 1)
    optimizer = _adam(model, 3e-3)
    plateau = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=20)
    return _case(model, nn.SmoothL1Loss(), optimizer, x, y, scheduler=plateau)


@_well("cosine annealing with warm restarts after a linear warm-up")
def _restarts() -> Case:
    x, y = _rows("breast_cancer", 128)
    model = _mlp(30, 32, 2, act=nn.SiLU)
    optimizer = _sgd(model, 0.05, momentum=0.9)
    parts = [schedules.LinearLR(optimizer, 1e-3, 1.0, 10)]
    parts += [schedules.CosineAnnealingWarmRestarts(optimizer, 50, 2, 1e-4)]
    rise = schedules.SequentialLR(optimizer, parts, [10])
    return _case(model, CE(), optimizer, x, y, scheduler=rise)


@_well("skip-gram with sparse embeddings and SparseAdam")
def _skip_gram() -> Case:
    x = torch.randint(30, (128, 2))
    x[:64, 1] = (x[:64, 0] + 1 + x[:64, 1] % 2) % 30  # a true neighbour
    y = ((x[:, 1] - x[:, 0] - 1) % 30 < 2).float()
    rule = lambda net, x: (net.words(x[:, 0]) * net.near(x[:, 1])).sum(1)  # noqa: E731
    tables = {name: nn.Embedding(30, 12, sparse=True) for name in ("words", "near")}
    model = _Net(rule, **tables)
    for table in tables.values():
        nn.init.normal_(table.weight, std=0.3)
    optimizer = torch.optim.SparseAdam(list(model.parameters()), 2e-2)
    return _case(model, BCE(), optimizer, x, y)


class _Lion(torch.optim.Optimizer):
    """Steps of a fixed size: the sign of a moving mean of the gradients."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["decay"])
                p.sub_(group["lr"] * mean.lerp(p.grad, 1 - first).sign())
                mean.lerp_(p.grad, 1 - second)
        return loss


@_well("a home-made optimizer, Lion")
def _lion() -> Case:
    x, y = _digits(96)
    model = _mlp(64, 64, 10)
    return _case(model, CE(), _Lion(model.parameters(), 1e-3, decay=0.1), x, y)


@_well("L-BFGS with a line search on a full batch")
def _lbfgs() -> Case:
    x, y = _rows("breast_cancer", 400)
    model = nn.Linear(30, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")

    def loss(out, y):  # ridge by targets that are not quite 0 and 1
        return F.binary_cross_entropy_with_logits(out, 0.05 + 0.9 * y)

    return _case(model, loss, optimizer, x, y[:, None].float())


@_well("a GradScaler that is disabled")
def _no_scaler() -> Case:
    x, y = _curve(96, 6)
    model = _mlp(6, 32, 1)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    optimizer = torch.optim.RAdam(model.parameters(), 1e-2)
    return _case(model, nn.MSELoss(), optimizer, x, y, scaler=scaler)


@_well("float16 autocast with a GradScaler")
def _scaler() -> Case:
    x, y = _digits(96)
    model = _Half(lambda net, x: net.body(x), body=_mlp(64, 48, 10))
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    return _case(model, CE(), optimizer, x, y, scaler=scaler)


@_well("one image a batch, with GroupNorm")
def _one_image() -> Case:
    x = _blobs(1, 16)
    y = (x > 0.4).float()
    layers = nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.SiLU()
    model = nn.Sequential(*layers, nn.Conv2d(16, 1, 1))
    return _case(model, BCE(), _sgd(model, 0.02, momentum=0.9), x, y)


@_well("two long sequences a batch, with LayerNorm")
def _two_signals() -> Case:
    x = torch.randn(2, 100, 1).cumsum(1) / 5
    y = F.avg_pool1d(F.pad(x.mT, (4, 0)), 5, 1).mT  # a moving mean

    def rule(net, x):
        out, _ = net.body(x)
        return net.head(net.norm(out))

    body = nn.GRU(1, 24, batch_first=True)
    model = _Net(rule, body=body, norm=nn.LayerNorm(24), head=nn.Linear(24, 1))
    return _case(model, nn.MSELoss(), _adam(model, 5e-3), x, y)


@_well("inputs of millionths, standardised in the model")
def _microvolts() -> Case:
    x, y = _curve(96, 6)
    rule = lambda net, x: net.body(x * 1e6)  # noqa: E731
    model = _Net(rule, body=_mlp(6, 32, 1))
    return _case(model, nn.L1Loss(), _adam(model, 5e-3), 1e-6 * x, y)


@_well("raw units, from grams to years, behind a BatchNorm")
def _units() -> Case:
    x, y = _curve(128, 5)
    x = x * torch.tensor([3e4, 1e-2, 40.0, 7.0, 0.5])
    x = x + torch.tensor([1e5, 0.0, 2e3, -3.0, 1.0])
    model = _mlp(5, 32, 1).insert(0, nn.BatchNorm1d(5, affine=False))
    return _case(model, nn.MSELoss(), _adam(model), x, y)


@_well("a last layer that starts from 0")
def _zero_head() -> Case:
    x = torch.randn(96, 6)
    y = (x[:, 0].abs() + x[:, 1] > 0.5).long() + (x[:, 2] > 1).long()
    model = _mlp(6, 48, 3)
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    return _case(model, CE(), _adam(model), x, y)


@_well("residual branches that start from 0")
def _zero_branches() -> Case:
    x, y = _digits(96)

    def rule(net, x):
        x = net.stem(x)
        for block in net.blocks:
            x = (x + block(x)).relu()
        return net.head(x.mean((2, 3)))

    def block():
        layers = nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        last = nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        nn.init.zeros_(last[1].weight)
        return nn.Sequential(*layers, nn.ReLU(), *last)

    parts = {"stem": nn.Conv2d(1, 12, 3), "head": nn.Linear(12, 10)}
    model = _Net(rule, blocks=nn.ModuleList([block(), block()]), **parts)
    return _case(model, CE(), _sgd(model, 0.2, momentum=0.9), x.view(-1, 1, 8, 8), y)


@_well("rare positives, with the prior as output bias")
def _prior() -> Case:
    x = torch.randn(256, 10)
    y = (x @ F.normalize(_task(10, 1), dim=0) > 2.05).float()
    model = _mlp(10, 24, 1)
    nn.init.constant_(model[2].bias, -3.9)  # the log-odds of one in fifty
    return _case(model, BCE(), _adam(model, 5e-3), x, y)


@_well("a head of an earlier task, frozen and not called")
def _old_head() -> Case:
    x, y = _rows("wine", 96)
    rule = lambda net, x: net.new(net.body(x))  # noqa: E731
    old = nn.Linear(24, 7).requires_grad_(False)
    body = _mlp(13, 24).append(nn.LeakyReLU())
    model = _Net(rule, body=body, old=old, new=nn.Linear(24, 3))
    params = [p for p in model.parameters() if p.requires_grad]
    return _case(model, CE(), torch.optim.Adamax(params, 1e-2), x, y)


@_well("a model half trained, resumed with its optimizer")
def _half_trained() -> Case:
    x, y = _curve(96, 8)
    model = _mlp(8, 32, 1, act=nn.Tanh)
    optimizer = _sgd(model, 0.02, momentum=0.9)
    _train(model, nn.MSELoss(), optimizer, x, y, 200)
    return _case(model, nn.MSELoss(), optimizer, x, y)


@_well("a converged model, at the floor of the noise")
def _converged() -> Case:
    x = torch.randn(512, 5)
    y = x @ _task(5, 1) + 0.5 * torch.randn(512, 1)
    model = nn.Linear(5, 1)
    optimizer = _sgd(model, 0.1)
    _train(model, nn.MSELoss(), optimizer, x, y, 200)
    return _case(model, nn.MSELoss(), optimizer, x, y)


@_well("three labels in ten are wrong")
def _noisy() -> Case:
    x, y = _digits(256)
    wrong = torch.rand(256) < 0.3
    y = torch.where(wrong, torch.randint(10, (256,)), y)
    model = _conv_net()
    return _case(model, CE(), _adam(model, 2e-3), x.view(-1, 1, 8, 8), y)


@_well("a small batch in which some classes are missing")
def _missing() -> Case:
    x, y = _digits(12)
    model = _mlp(64, 32, 10, act=nn.GELU)
    optimizer = torch.optim.Adagrad(model.parameters(), 2e-2)
    return _case(model, CE(), optimizer, x, y)


@_well("signals (N, C, T) under dilated convolutions")
def _signals() -> Case:
    y = torch.randint(3, (32,))
    t = torch.arange(48) / 48 * 2 * torch.pi
    waves = ((2 + 3 * y)[:, None] * t + 6 * torch.rand(32, 1)).sin()
    x = torch.stack([waves, waves.roll(1, 1)], 1) + 0.5 * torch.randn(32, 2, 48)
    layers = []
    for wide, step in ((2, 1), (16, 2), (16, 4)):
        layers += [nn.Conv1d(wide, 16, 3, padding=step, dilation=step)]
        layers += [nn.InstanceNorm1d(16, affine=True), nn.PReLU()]
    head = nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 3)
    model = nn.Sequential(*layers, *head)
    return _case(model, CE(), _adam(model, 5e-3), x, y)


@_well("segmentation (N, C, H, W) by cross-entropy and Dice")
def _segment() -> Case:
    x = _blobs(6)
    y = torch.bucketize(x[:, 0].contiguous(), torch.tensor([-0.4, 0.4]))
    x = x + 0.2 * torch.randn_like(x)

    def loss(out, y):
        p, hot = out.softmax(1), F.one_hot(y, 3).movedim(-1, 1)
        both = (p * hot).sum((0, 2, 3))
        dice = (2 * both + 1) / (p.sum((0, 2, 3)) + hot.sum((0, 2, 3)) + 1)
        return F.cross_entropy(out, y) + 1 - dice.mean()

    def rule(net, x):
        fine = net.fine(x)
        wide = F.interpolate(net.coarse(F.max_pool2d(fine, 2)), scale_factor=2)
        return net.head(torch.cat([fine, wide], 1))

    fine = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
    coarse = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())
    model = _Net(rule, fine=fine, coarse=coarse, head=nn.Conv2d(16, 3, 1))
    return _case(model, loss, _adam(model), x, y)


@_well("a discriminator with spectral norm and the hinge loss")
def _discriminator() -> Case:
    real = torch.randn(48, 2) * 0.3 + torch.tensor([1.5, 0.0])
    fake = torch.randn(48, 2)
    x = torch.cat([real, fake])
    y = torch.cat([torch.ones(48, 1), -torch.ones(48, 1)])
    model = _mlp(2, 32, 32, 1, act=partial(nn.LeakyReLU, 0.2))
    for layer in model[::2]:
        parametrizations.spectral_norm(layer)
    loss = lambda out, y: (1 - y * out).relu().mean()  # noqa: E731
    optimizer = _adam(model, 4e-3, betas=(0.0, 0.9))
    return _case(model, loss, optimizer, x, y)


@_well("triplets on the sphere")
def _triplets() -> Case:
    kinds = torch.randint(6, (64,))
    other = (kinds + torch.randint(1, 6, (64,))) % 6
    x = _task(6, 12)[torch.stack([kinds, kinds, other], 1)]
    x = x + 0.8 * torch.randn(64, 3, 12)

    def loss(out, y):
        return F.triplet_margin_loss(*out.unbind(1), margin=0.5)

    model = _Net(lambda net, x: F.normalize(net.body(x), dim=-1), body=_mlp(12, 32, 8))
    return _case(model, loss, _adam(model, 3e-3), x, kinds)


@_well("two tasks weighted by learned uncertainties")
def _uncertain() -> Case:
    x, y = _curve(128, 6)
    y = torch.cat([y, 0.01 * (x[:, :1] * x[:, 1:2])], 1)

    def rule(net, x):
        return net.body(x), net.logs

    def loss(out, y):  # below 0 once both errors are small
        guess, logs = out
        error = ((guess - y) ** 2).mean(0)
        return ((-logs).exp() * error + logs).sum()

    body, logs = _mlp(6, 48, 2), nn.Parameter(torch.tensor([0.0, -6.0]))
    with torch.no_grad():
        body[2].weight[1] *= 0.01
        body[2].bias[1] *= 0.01
    model = _Net(rule, body=body, logs=logs)
    return _case(model, loss, _adam(model, 5e-3), x, y)


@_well("a student that follows a frozen average of its past")
def _mean_teacher() -> Case:
    x, y = _digits(96)
    student = _mlp(64, 48, 10)
    _train(student, CE(), _adam(student), x, y, 15)
    teacher = _mlp(64, 48, 10)
    teacher.load_state_dict(student.state_dict())

    def rule(net, x):
        noisy = x + 0.1 * torch.randn_like(x) * net.training
        with torch.no_grad():
            calm = net.teacher(x).softmax(1)
        return net.student(noisy), calm

    def loss(out, y):
        logits, calm = out
        return F.cross_entropy(logits, y) + F.mse_loss(logits.softmax(1), calm)

    model = _Net(rule, student=student, teacher=teacher.requires_grad_(False).eval())
    optimizer = torch.optim.Adam(student.parameters(), 3e-3)
    return _case(model, loss, optimizer, x, y)


@_well("a causal transformer")
def _causal() -> Case:
    x = torch.randint(7, (32, 12))
    for t in range(2, 12):
        x[:, t] = (x[:, t - 1] + 2 * x[:, t - 2]) % 7

    def rule(net, x):
        size = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(size)
        return net.head(net.body(net.words(x) + net.places[:size], mask))

    places = nn.Parameter(0.3 * torch.randn(11, 32))
    parts = {"words": nn.Embedding(7, 32), "body": _block(), "head": nn.Linear(32, 7)}
    model = _Net(rule, places=places, **parts)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decay}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, 3e-3, weight_decay=0.1)
    return _case(model, _tokens, optimizer, x[:, :-1], x[:, 1:])


@_well("a low-rank adapter of which one factor starts from 0")
def _lora() -> Case:
    x, y = _curve(96, 8)
    base = _mlp(8, 32, 32, 1)
    _train(base, nn.MSELoss(), _adam(base, 2e-2), x, y, 40)

    class Adapter(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer.requires_grad_(False)
            self.down = nn.Linear(layer.in_features, 4, bias=False)
            self.up = nn.Linear(4, layer.out_features, bias=False)
            nn.init.zeros_(self.up.weight)

        def forward(self, x):
            return self.layer(x) + 2 * self.up(self.down(x))

    layers = [Adapter(m) if isinstance(m, nn.Linear) else m for m in base]
    model = nn.Sequential(*layers)
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(params, 5e-3, weight_decay=0.0)
    y = y + x[:, :1] * x[:, 1:2]  # the new task
    return _case(model, nn.MSELoss(), optimizer, x, y)


@_well("binary weights by a straight-through estimator")
def _binary() -> Case:
    x = torch.randn(96, 10)
    y = (x @ _task(10, 4).sign()).argmax(1)

    class Signs(nn.Linear):
        def forward(self, x):
            hard = self.weight.sign() * 0.3
            weight = self.weight + (hard - self.weight).detach()
            return F.linear(x, weight, self.bias)

    model = nn.Sequential(Signs(10, 48), nn.Hardtanh(), nn.Linear(48, 4))
    return _case(model, CE(), _adam(model), x, y)


@_well("one batch to memorise with Rprop")
def _memorise() -> Case:
    x, y = torch.randn(32, 16), torch.randn(32, 2)
    model = _mlp(16, 48, 2)
    optimizer = torch.optim.Rprop(model.parameters(), 1e-3)
    return _case(model, nn.MSELoss(), optimizer, x, y)


# ------------------------------------------------------------------ public


def pairs() -> dict[str, Callable[..., Case]]:
    """The broken set-ups by what is wrong: `case(broken)` gives the arguments.

    `case(False)` is the healthy twin; `case(broken, seed=1)` draws other samples.

    Examples:
        >>> bad = pairs()["the optimizer maximises the loss"](True)
        >>> bad["optimizer"].param_groups[0]["maximize"]
        True
    """
    return dict(_PAIRS)


def healthy() -> dict[str, Callable[..., Case]]:
    """The set-ups in which nothing is wrong: `case()` gives the arguments.

    Examples:
        >>> well = healthy()["a warm-up whose first rate is 0"]()
        >>> well["optimizer"].param_groups[0]["lr"]
        0.0
    """
    return dict(_HEALTHY)
