"""The sentences of docs/evidence/optimizers.md that no finding carries."""

import pytest
import torch

from snippets.evidence.method.stack import Stack
from snippets.evidence.method.tuned import tuned
from snippets.evidence.optimizers import (
    basins_cnn,
    basins_mlp,
    basins_transformer,
    sgd_generalises,
)
from snippets.evidence.optimizers.basin import basin
from snippets.evidence.optimizers.cnn import cnn
from tests.evidence.stored import stored
from tools import evidence

runs = pytest.mark.parametrize("run", range(evidence.RUNS))


def width(module, scores, name):
    width = module._best(scores, name)[2]
    return (width[:, 1] - width[:, 0] if width.dim() == 2 else width).mean().item()


def rate(module, scores, name):
    return module.RATES[name][module._best(scores, name)[0]]


class TestBasin:
    def test_ends_of_a_straight_slope_lie_where_it_crosses(self):
        rates = [0.1, 1.0, 10.0, 100.0, 1000.0]
        scores = torch.tensor([[80.0, 90, 100, 98, 88], [0, 99, 100, 96, 0]]).T
        ends = basin(scores, rates, 2, lose=5.0)
        assert torch.allclose(ends[0], torch.tensor([0.5, 2.3]))
        assert ends[1, 1] == pytest.approx(2 - 0 + 1 / 96, abs=1e-4)

    def test_what_lies_behind_a_gap_is_not_of_the_basin(self):
        scores = torch.tensor([[0.0, 10, 0, 10, 0]]).T
        ends = basin(scores, [1.0, 10.0, 100.0, 1e3, 1e4], 1, lose=5.0)
        assert ends.tolist() == [[0.5, 1.5]]

    @pytest.mark.parametrize("bad", [torch.nan, -torch.inf, torch.inf])
    def test_what_diverged_ends_it(self, bad):
        # As negative losses, where 0 would be the best of all.
        scores = torch.tensor([[-3.0, -2.0, bad, -2.0]]).T
        ends = basin(scores, [1.0, 10.0, 100.0, 1e3], 1, lose=0.5)
        assert torch.allclose(ends, torch.tensor([[0.5, 1.0]]))

    def test_one_that_does_not_end_is_refused(self):
        scores = torch.tensor([[0.0, 10, 9]]).T
        with pytest.raises(ValueError, match="goes on to 100: extend"):
            basin(scores, [1.0, 10.0, 100.0], 1, lose=5.0)


@runs
class TestMlp:
    def test_no_basin_is_as_wide_as_two_decades(self, run):
        scores = stored(basins_mlp)[run]
        widths = [width(basins_mlp, scores, name) for name in basins_mlp.KINDS]
        assert max(widths) < 1.8
        assert min(widths) == widths[0] < 0.7  # plain SGD

    def test_of_the_defaults_only_that_of_rmsprop_lies_in_its_basin(self, run):
        scores = stored(basins_mlp)[run]
        inside = {}
        for name, (*_, default) in basins_mlp.KINDS.items():
            low, high = 10 ** basins_mlp._best(scores, name)[2].mean(0)
            inside[name] = low < default < high
        assert [name for name in inside if inside[name]] == ["RMSprop"]
        assert rate(basins_mlp, scores, "RMSprop") == pytest.approx(1e-2)
        assert scores["RMSprop test"][-1].mean() > 93
        for name in ("SGD test", "SGD, momentum test"):
            assert scores[name][-1].mean() < 15  # near chance

    def test_the_last_row_is_trained_at_the_default(self, run):
        # RMSprop's is also on the grid: the same network twice.
        test = stored(basins_mlp)[run]["RMSprop test"]
        row = basins_mlp.RATES["RMSprop"].index(pytest.approx(1e-2))
        assert test[row].tolist() == test[-1].tolist()
        # Adam's too, as its first.
        test = stored(basins_mlp)[run]["Adam test"]
        assert test[0].tolist() == pytest.approx(test[-1].tolist(), abs=0.5)


@runs
class TestCnn:
    def test_the_tuned_rates_differ_by_optimizer(self, run):
        scores = stored(basins_cnn)[run]
        rates = [rate(basins_cnn, scores, name) for name in basins_cnn.KINDS]
        assert rates == pytest.approx([1, 0.2154, 0.01, 0.0464], rel=1e-3)

    def test_all_are_good_to_a_few_points(self, run):
        scores = stored(basins_cnn)[run]
        best = [basins_cnn._best(scores, n)[1].mean() for n in basins_cnn.KINDS]
        assert 91 < min(best) < max(best) < 95.5

    def test_sgd_falls_to_chance_within_a_factor_of_five(self, run):
        scores = stored(basins_cnn)[run]
        best = basins_cnn._best(scores, "SGD")[0]
        assert scores["SGD test"][best + 2].mean() < 15
        assert basins_cnn.RATES["SGD"][best + 2] < 5


@runs
class TestTransformer:
    def test_half_a_decade_off_costs_more_than_another_optimizer(self, run):
        scores = stored(basins_transformer)[run]
        tuned_losses, beside = [], []
        for name in basins_transformer.KINDS:
            best, score, _ = basins_transformer._best(scores, name)
            test = scores[f"{name} test"].mean(1)
            tuned_losses.append(score.mean())
            beside.append(max(test[best - 1], test[best + 1]) - score.mean())
        spread = max(tuned_losses) - min(tuned_losses)
        assert spread < 0.06
        assert min(beside) > spread

    def test_all_are_far_below_a_guess(self, run):
        scores = stored(basins_transformer)[run]
        for name in basins_transformer.KINDS:
            assert basins_transformer._best(scores, name)[1].mean() < 2.6


class TestGeneralises:
    @runs
    def test_both_fit_the_training_data(self, run):
        scores = stored(sgd_generalises)[run]
        for network in sgd_generalises.STEPS:
            for name, rates in sgd_generalises.RATES.items():
                error = scores[f"{network} {name} error"]
                fit = tuned(error, scores[f"{network} {name} train"], rates)
                assert fit.mean() > 99.9

    def test_seeds_differ_in_both_directions(self):
        difference = sgd_generalises._pair(stored(sgd_generalises)[0], "MLP", "test")
        assert difference.max() == pytest.approx(1.8, abs=0.05)
        assert difference.min() == pytest.approx(-2.6, abs=0.05)

    def test_on_the_cnn_sgd_is_behind_in_both_runs(self):
        for scores, gap in zip(stored(sgd_generalises), (-0.5, -0.9), strict=True):
            mean = sgd_generalises._pair(scores, "CNN", "test").mean()
            assert mean == pytest.approx(gap, abs=0.05)


@pytest.mark.parametrize(
    "module", [basins_mlp, basins_cnn, basins_transformer, sgd_generalises]
)
def test_all_that_is_compared_gets_the_same_data_and_its_own_rates(module, monkeypatch):
    seen = []

    def train(model, optimizer, loss, batches, schedule, clip=None):
        batches = list(batches)
        seen.append((optimizer, batches, schedule, clip))

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "SEEDS", 2)
    module.experiment(1)
    networks = 2 if module is sgd_generalises else 1
    names = list(module.KINDS) * networks
    assert len(seen) == len(names)
    steps = [len(batches) for _, batches, *_ in seen]
    if networks == 1:
        assert set(steps) == {module.STEPS}
    for name, (optimizer, batches, schedule, clip) in zip(names, seen, strict=True):
        kind = module.KINDS[name][0]
        assert type(optimizer).__name__ == kind
        heavy = "momentum" in name or (module is sgd_generalises and name == "SGD")
        assert optimizer.defaults.get("momentum", 0) == (0.9 if heavy else 0)
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates[: len(module.RATES[name])] == module.RATES[name]
        for before, after in zip(rates[:-1], rates[1:-1], strict=False):
            assert before < after
        first = seen[names.index(name)][1] if networks == 1 else seen[0][1]
        for same, other in zip(batches, first, strict=False):
            assert all(map(torch.equal, same, other))
        assert schedule(len(batches) - 1) < 0.01 < schedule(len(batches) // 2) < 0.6
        assert clip == (1.0 if module is basins_transformer else None)
    if module is basins_mlp:
        for optimizer, *_ in seen:
            kind = type(optimizer)
            default = kind([torch.zeros(1, requires_grad=True)]).defaults["lr"]
            assert optimizer.param_groups[-1]["lr"] == default


def test_windows_follow_the_text_and_differ_by_seed():
    text = torch.arange(1000)
    (x,) = basins_transformer._windows(text, 50, torch.Generator().manual_seed(0))
    assert x.shape == (basins_transformer.SEEDS, 50, basins_transformer.LENGTH + 1)
    assert (x.diff() == 1).all()
    assert not torch.equal(x[0], x[1])
    assert x.max() > 900 > 100 > x.min()


def test_validation_and_test_text_do_not_overlap(monkeypatch):
    text = torch.arange(1000) % 70
    seen = []

    def windows(part, count, chance):
        seen.append(part)
        return whole(part % 70, count, chance)

    whole = basins_transformer._windows
    monkeypatch.setattr(basins_transformer, "_windows", windows)
    monkeypatch.setattr(basins_transformer, "SEEDS", 2)
    monkeypatch.setattr(basins_transformer, "train", lambda *a, **k: None)
    monkeypatch.setattr(
        basins_transformer, "characters", lambda: (text, 1000 + torch.arange(400))
    )
    basins_transformer.experiment(0)
    parts = [set(part.tolist()) for part in (seen[0], seen[-2], seen[-1])]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    assert len(parts[1]) == len(parts[2]) == 200


def test_loss_is_of_the_next_character():
    x = torch.tensor([[0, 1, 2]])

    def net(x):
        return 50.0 * torch.nn.functional.one_hot(x + 1, 4)

    assert basins_transformer._loss(net, x) < 1e-6


def test_the_cnn_in_a_stack_is_the_cnn_alone():
    x = torch.randn(2, 5, 64)
    torch.manual_seed(1)
    alone = cnn()(x[1])
    assert torch.allclose(Stack(cnn, range(2))(x)[0, 1], alone, atol=1e-5)


def test_scores_of_a_perfect_net_are_those_of_no_error():
    y = torch.tensor([0, 2, 1, 1])
    x = torch.nn.functional.one_hot(y, 3).float()
    for module in (basins_mlp, basins_cnn, sgd_generalises):
        assert module._accuracy(lambda x: x, x, y) == 100
        assert module._accuracy(lambda x: x.roll(1, 1), x, y) == 0
