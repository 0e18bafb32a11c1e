"""What evidence/steps.md says beyond its findings, and that its code measures it."""

import torch
from torch import nn

from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.steps import accumulation, averages, batch_size, clipping
from tests.evidence.stored import stored

# Clipping


def test_clipping_the_usual_norm_is_between_a_quarter_and_one():
    for scores in stored(clipping):
        for case in clipping.CASES:
            usual = scores[f"{case} norm"][:2].median()  # at its low rates
            assert 0.25 < usual < 1


def test_clipping_failed_runs_of_the_figure():
    for scores in stored(clipping):
        for case in ("SGD, gain 1", "SGD, gain 2"):
            failed = (~(scores[f"{case} test"] < scores["guess"])).sum(2)
            assert (failed[:3, -2:] >= 7).all()  # no clipping, norm 5, norm 1
            assert failed[3, -2] <= 1
            assert failed[1, 3] >= failed[2, 3]  # at rate 2: norm 5, norm 1
            # The price: a short step at the lowest rate.
            losses = scores[f"{case} test"][:, 0].mean(1)
            assert losses[3] > losses[0] + 0.2
        failed = (~(scores["Adam, gain 2 test"] < scores["guess"])).sum(2)
        assert (failed[:, 3] >= 2).all()
        assert (failed[:, 1:3] == 0).all()


def test_clipping_the_network_is_the_recurrence_of_torch():
    torch.manual_seed(0)
    ours = clipping._Tanh(2.0)
    torchs = nn.RNN(70, clipping.WIDTH, bias=False, batch_first=True)
    with torch.no_grad():
        torchs.weight_ih_l0.copy_(ours.embedding.T)
        torchs.weight_hh_l0.copy_(ours.recurrent.T)
    x = torch.randint(70, (3, 7))
    states, _ = torchs(nn.functional.one_hot(x, 70).float())
    torch.testing.assert_close(ours(x), ours.head(states), atol=1e-4, rtol=1e-4)
    singular = torch.linalg.svdvals(ours.recurrent)
    torch.testing.assert_close(singular, torch.full_like(singular, 2.0))


def test_clipping_norms_are_those_of_each_network():
    model = Stack(lambda: nn.Linear(3, 2), range(4), [{"lr": 0.1}, {"lr": 1.0}])
    optimizer = torch.optim.SGD(model.groups())
    x = torch.randn(4, 5, 3)
    model.run(lambda net, x: net(x).square().sum(), x).sum().backward()
    alone = nn.Linear(3, 2)
    with torch.no_grad():
        for p, same in zip(alone.parameters(), model.weights[1], strict=True):
            p.copy_(same[2])
    alone(x[2]).square().sum().backward()
    norm = nn.utils.get_total_norm([p.grad for p in alone.parameters()])
    torch.testing.assert_close(clipping._norms(optimizer)[1, 2], norm)


# Batch size


def test_batch_size_every_epoch_sees_every_image_once():
    x = torch.arange(512.0).expand(3, 512)
    for size in batch_size.SIZES:
        per = 512 // size
        seen = [b for (b,) in batch_size._batches((x,), size, 2 * per, 0)]
        assert all(b.shape == (3, size) for b in seen)
        epochs = torch.stack(seen).view(2, per, 3, size)
        for epoch in epochs.transpose(1, 2).flatten(2):
            assert (epoch.sort(1).values == x).all()
        assert not (epochs[0] == epochs[1]).all()
        assert not (epochs[0, :, 0] == epochs[0, :, 1]).all()


def test_batch_size_the_parabola_finds_the_best_rate():
    rates = torch.tensor(batch_size.RATES["SGD"]).log()
    best = torch.tensor([0.3, 0.5, 1.0]).log()
    losses = (0.1 * (rates[:, None] - best).square()).exp()[None]
    found = batch_size._rates({"SGD x validation": losses}, "SGD x")
    torch.testing.assert_close(found.log(), best[None], atol=1e-3, rtol=0)


def test_batch_size_what_the_figure_shows():
    for scores in stored(batch_size):
        best = {
            f"{name} {budget}": batch_size._best(scores, f"{name} {budget}").mean(1)
            for name in batch_size.RATES
            for budget in ("epochs", "steps")
        }
        # Equal epochs: 512 against 64 of SGD costs far more than of Adam.
        for name, gap in (("SGD", 0.4), ("Adam", 0.03)):
            loss = best[f"{name} epochs"]
            assert loss[3] > loss[1] + gap
            # Equal steps: the smallest batch is the worst.
            loss = best[f"{name} steps"]
            assert loss[0] == loss.max()
            # At batch 64 the budgets are one.
            assert best[f"{name} steps"][1] == best[f"{name} epochs"][1]
            # The networks fit what they learn from.
            held = scores[f"{name} steps validation"].mean(2).nan_to_num(99)
            at = held.argmin(1, keepdim=True)
            fit = scores[f"{name} steps fit"].gather(1, at)[1:]
            assert (fit < 0.055).all()
        rates = batch_size._rates(scores, "Adam steps").log().mean(1)
        assert rates[3] < rates[0]


# Accumulation


def test_accumulation_weights_are_those_of_the_two_means():
    torch.manual_seed(0)
    lengths = torch.tensor([[2, 16], [3, 5]])
    losses = torch.randn(4, accumulation.LONG)
    parts = [row[:n] for row, n in zip(losses, lengths.flatten(), strict=True)]
    one = torch.cat(parts).mean()
    means = (torch.cat(parts[:2]).mean() + torch.cat(parts[2:]).mean()) / 2
    for way, value in zip(accumulation.WAYS, (one, means), strict=True):
        weight = accumulation._weights(lengths, way)
        torch.testing.assert_close((losses * weight).sum(), value)


def test_accumulation_micro_batches_are_unequal_where_they_should_be():
    chance = torch.Generator().manual_seed(0)
    tokens = {
        order: accumulation._lengths(order, chance).sum(1)
        for order in accumulation.ORDERS
    }
    assert tokens["equal"].tolist() == [64, 64]
    assert tokens["sorted"].tolist() == [8, 64]
    assert tokens["shuffled"].sum() == 72


def test_accumulation_long_texts_pay_for_the_short_ones():
    for scores in stored(accumulation):
        mean, low, _ = accumulation._worse(scores, "other", 2)
        assert low > 0.05
        assert mean > accumulation._worse(scores, "other", 0)[0]
        assert mean > accumulation._worse(scores, "same", 2)[0]
        assert accumulation._worse(scores, "same", 0)[2] < 0.13
        errors = [scores[f"error, {o}"].mean() for o in accumulation.ORDERS]
        assert errors[2] > 2 * errors[1]


# Averages


def test_averages_are_those_of_torch():
    chance = torch.Generator().manual_seed(0)
    model = Stack(lambda: nn.Linear(2, 1), range(2), [{"lr": 0.1}])
    ours = averages._Averages(model)
    swa, path = [], []
    for step in range(1, averages.STEPS + 1):
        with torch.no_grad():
            for p in ours.weights:
                p.copy_(torch.randn(p.shape, generator=chance))
        path.append(ours.weights[0].detach().clone())
        if step > averages.START:
            swa.append(path[-1])
        ours.update(step)
    torch.testing.assert_close(ours.of["SWA"][0], torch.stack(swa).mean(0))
    torch.testing.assert_close(ours.of["last weights"][0], path[-1])
    # Half of the EMA lies on the last tenth of the steps.
    recent = torch.stack(path[-averages.HALF_LIFE :])
    decay = 0.5 ** (1 / averages.HALF_LIFE)
    shares = (1 - decay) * decay ** torch.arange(averages.HALF_LIFE).flip(0)
    assert abs(shares.sum() - 0.5) < 1e-5
    rest = ours.of["EMA"][0] - (shares.view(-1, 1, 1, 1) * recent).sum(0)
    earlier = averages._Averages(model)
    for step, weights in enumerate(path[: -averages.HALF_LIFE], 1):
        with torch.no_grad():
            earlier.weights[0].copy_(weights)
        earlier.update(step)
    torch.testing.assert_close(rest, earlier.of["EMA"][0] / 2)


def test_averages_the_rate_decays_to_zero():
    model = Stack(lambda: nn.Linear(1, 1), range(1), [{"lr": 2.0}])
    optimizer = torch.optim.SGD(model.groups())
    seen = []
    train(
        model,
        optimizer,
        lambda net, x: net(x).sum(),
        [(torch.ones(1, 1, 1),)] * averages.STEPS,
        averages.SCHEDULES["decayed"],
        watch=lambda step: seen.append(optimizer.param_groups[0]["lr"]),
    )
    assert seen[0] == 2
    assert abs(seen[averages.STEPS // 2] - 1) < 0.01
    assert 0 < seen[-1] < 0.01


def test_averages_a_fifth_of_the_labels_are_drawn_and_held_data_are_not():
    seeds = range(averages.SEEDS)
    chance = torch.Generator().manual_seed(0)
    batches, held, test = averages._data("digits, SGD", seeds, chance)
    (x, y), clean, clean_test = averages.digits(seeds)
    assert all(map(torch.equal, held + test, clean + clean_test))
    wrong = []
    for image, label in batches[:20]:
        for s in seeds:
            rows = torch.cdist(image[s], x[s]).argmin(1)
            wrong.append((label[s] != y[s][rows]).float().mean())
    assert 0.13 < torch.stack(wrong).mean() < 0.23  # a tenth of the drawn are right


def test_averages_what_the_figure_shows():
    for scores in stored(averages):
        for task, rates in averages.RATES.items():
            best = {}
            for name in averages.SCHEDULES:
                for way in averages.WAYS:
                    held = scores[f"{task}, {name}, {way}, validation"].mean(1)
                    best[name, way] = rates[held.nan_to_num(99).argmin()]
            # Averages and decay bear a higher rate than the last weights do.
            assert best["constant", "EMA"] > best["constant", "last weights"]
            assert best["decayed", "last weights"] > best["constant", "last weights"]
            ema, swa = (
                averages._best(scores, task, f"constant, {way}").mean()
                for way in ("EMA", "SWA")
            )
            assert abs(ema - swa) < 0.05
