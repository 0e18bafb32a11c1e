"""Held-out training set-ups, some broken in the network, its modes or its weights."""

from collections.abc import Callable
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn

_load = cache(lambda: tuple(map(torch.tensor, load_digits(return_X_y=True))))
CE = nn.CrossEntropyLoss


class _Net(nn.Module):
    def __init__(self, rule, body, head):
        super().__init__()
        self.rule, self.body, self.head = rule, body, head

    def forward(self, x):
        return self.rule(self, x)


def _mlp(widths, act):
    pairs = zip(widths[:-1], widths[1:], strict=True)
    layers = [layer for pair in pairs for layer in (nn.Linear(*pair), act())]
    return nn.Sequential(*layers[:-1])


def _case(words, model, criterion, inputs, target, kind="Adam", **options):
    optimizer = getattr(torch.optim, kind)(model.parameters(), **options)
    case = {"model": model, "criterion": criterion, "optimizer": optimizer}
    return words, case | {"inputs": inputs, "target": target}


def _all(bad):
    torch.manual_seed(0)
    pixels, y = (tensor[:64] for tensor in _load())
    x, sgd = pixels.float() / 16, {"kind": "SGD", "lr": 0.1}
    model = _mlp([64, *[32] * 6, 10], nn.Sigmoid if bad else nn.ReLU)
    yield _case("six layers of sigmoids", model, CE(), x, y, lr=2e-3)
    model = _mlp([64, 32, 10], nn.ReLU).insert(0, nn.BatchNorm1d(64)).train(not bad)
    yield _case("the model is left in eval mode", model, CE(), x * 255, y, **sgd)
    for layer in (model := _mlp([64, 32, 32, 10], nn.Tanh))[::2]:
        (nn.init.ones_ if bad else nn.init.xavier_uniform_)(layer.weight)
    yield _case("every weight starts at 1", model, CE(), x, y, "AdamW", lr=3e-3)
    model = _mlp([64, 32, 10], nn.ReLU).append(nn.LogSoftmax(0 if bad else 1))
    yield _case("the softmax runs over the batch", model, nn.NLLLoss(), x, y, lr=3e-3)
    model = _mlp([64, 64, 10], nn.ReLU).insert(2, nn.Dropout(0.95 if bad else 0.05))
    yield _case(
        "dropout drops what it should keep", model, CE(), x, y, "NAdam", lr=2e-3
    )

    def cut(net, x):
        code = net.body(x)
        return net.head(code.detach() if bad else code)

    model = _Net(cut, _mlp([64, 32, 4], nn.ReLU), nn.Linear(4, 10))
    yield _case("the code is detached", model, CE(), x, y, lr=0.01)
    body = [_mlp([64, 8, 8], nn.Tanh)]
    body = body if bad else nn.ModuleList(body)
    model = _Net(lambda net, x: net.head(net.body[0](x).tanh()), body, nn.Linear(8, 10))
    yield _case("the blocks are in a plain list", model, CE(), x, y, lr=0.01)

    x = torch.randn(96, 8)
    y = (x[:, :2].norm(dim=1) > 1.2).long()
    model = _mlp([8, 32, 2], nn.Identity if bad else nn.GELU)
    yield _case("no activation between the layers", model, CE(), x, y, "RAdam", lr=0.01)

    def skip(net, x):
        return net.head(x.relu() if bad else net.body(x).relu())

    model = _Net(skip, nn.Linear(8, 8), nn.Linear(8, 2))
    yield _case("a layer is built but never called", model, CE(), x, y, lr=0.01)
    model, y = _mlp([8, 32, 1], nn.ReLU).extend([nn.ReLU()] * bad), x[:, :1] > 0.7
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))
    yield _case("the logits pass a ReLU", model, loss, x, y.float(), "AdamW", lr=3e-3)
    x = torch.randn(96, 3) @ torch.randn(3, 8)
    model = _mlp([8, 4, 8], nn.SiLU).extend([nn.Sigmoid()] * bad)
    loss, words = nn.MSELoss(), "a sigmoid ends the decoder of signed data"
    yield _case(words, model, loss, x, x := x / x.std(0), "Adamax", lr=0.02)

    x = torch.randn(24, 12, 3)
    y, rnn = x[..., 0].sum(1, keepdim=True) / 3, nn.LSTM(3, 16, batch_first=not bad)
    model = _Net(lambda net, x: net.head(net.body(x)[0][:, -1]), rnn, nn.Linear(16, 1))
    yield _case("the LSTM is not told batch_first", model, loss, x, y, lr=0.01)
    x = torch.randint(1, 12, (32, 10))
    x[torch.arange(10) >= torch.randint(3, 10, (32, 1))] = 0
    y = (x == 7).any(1).long()

    def pool(net, x):
        words, pads = net.body[0](x), x == 0
        mean = words.mean(1, keepdim=True)
        return net.head(net.body[1](mean, words, words, pads ^ bad)[0][:, 0])

    body = [nn.Embedding(12, 16), nn.MultiheadAttention(16, 2, batch_first=True)]
    model = _Net(pool, nn.ModuleList(body), nn.Linear(16, 2))
    yield _case("the padding mask is inverted", model, CE(), x, y, lr=0.01)


def held_out_network() -> dict[str, Callable[[bool], dict]]:
    """The cases by what is wrong: `case(broken)` gives the arguments of `doctor`.

    Source: mistakes posted in forums and issues, planted by hand.

    Examples:
        >>> case = held_out_network()["the model is left in eval mode"]
        >>> case(True)["model"].training, case(False)["model"].training
        (False, True)
    """
    return {words: lambda bad, w=words: dict(_all(bad))[w] for words, _ in _all(False)}
