"""Networks of one kind side by side: all settings and all seeds in one pass."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap


class Stack(nn.Module):
    """S networks that differ by their seed, each of them once for each of R settings.

    Every parameter is a leaf of shape `(S, ...)`, and each setting has its own. Sum the
    losses of the networks before `backward()`: each then gets the gradient that it
    would get alone. An optimizer that works element by element (SGD, Adam, RMSprop)
    then trains them independently, each setting in a parameter group of its own. Not
    for LBFGS, Muon or Adafactor, and not for BatchNorm.

    Args:
        build: Makes one network; called once for each seed.
        seeds: The seeds of the S networks: of initial weights.
        settings: What differs between settings, as options of an optimizer's parameter
            group: `[{"lr": 0.1}, {"lr": 1.0}]`. All start from the same weights.

    Raises:
        ValueError: If there is no seed or no setting.

    Source: torch.func.stack_module_state, torch.func.functional_call, torch.vmap.

    Examples:
        >>> def build():
        ...     return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
        >>> model = Stack(build, range(5), [{"lr": 0.1}, {"lr": 1.0}])
        >>> x, y = torch.randn(5, 7, 4), torch.randint(3, (5, 7))
        >>> model(x).shape
        torch.Size([2, 5, 7, 3])
        >>> loss = nn.functional.cross_entropy
        >>> model.run(lambda net, x, y: loss(net(x), y), x, y).shape
        torch.Size([2, 5])

        The network of seed 4, alone:

        >>> _ = torch.manual_seed(4)
        >>> bool((build()(x[4]) - model(x)[0, 4]).abs().max() < 1e-6)
        True
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        seeds: Sequence[int],
        settings: Sequence[dict] = ({},),
    ) -> None:
        super().__init__()
        if not seeds or not settings:
            raise ValueError(
                "seeds and settings must not be empty, got "
                f"{len(seeds)} seeds and {len(settings)} settings"
            )
        networks = []
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                networks.append(build())
        weights, self.buffers_of = stack_module_state(networks)
        self.names, self.settings = list(weights), list(settings)
        self.weights = nn.ModuleList(
            nn.ParameterList(w.detach().clone() for w in weights.values())
            for _ in settings
        )
        self.network = [networks[0].to("meta")]  # in a list: not among the parameters

    def groups(self) -> list[dict]:
        """Return the parameter groups of an optimizer, one for each setting."""
        return [
            {"params": list(weights), **setting}
            for weights, setting in zip(self.weights, self.settings, strict=True)
        ]

    def run(self, function: Callable, *data: Tensor) -> Tensor:
        """Map `function(net, *data)` over all networks.

        `function` is written for one network `net`. The first dimension of `data` is S,
        and all settings see the same. Returns `(R, S, ...)`.
        """
        leaves = zip(*self.weights, strict=True)
        weights = {
            name: torch.stack(same)
            for name, same in zip(self.names, leaves, strict=True)
        }

        def one(weights: dict, buffers: dict, *data: Tensor) -> Tensor:
            def net(*x: Tensor) -> Tensor:
                return functional_call(self.network[0], (weights, buffers), x)

            return function(net, *data)

        fixed = (None,) * len(data)
        seeds = vmap(one, randomness="different")
        every = vmap(seeds, (0, None, *fixed), randomness="different")
        return every(weights, self.buffers_of, *data)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(S, N, ...)` to the outputs `(R, S, N, ...)`."""
        return self.run(lambda net, x: net(x), x)
