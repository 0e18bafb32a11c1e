"""The optimizers whose paths are compared: all but the rate at its default."""

from collections.abc import Callable

from torch import Tensor, optim

_Make = Callable[[list[Tensor], float], optim.Optimizer]


def candidates(matrix: bool = False) -> dict[str, _Make]:
    """How to build each optimizer, by the name that figures give it.

    Args:
        matrix: With Muon, which takes matrices only.

    Returns:
        Functions of parameters and a learning rate. AdamW is not among them: without
        weight decay it is Adam.

    Source:
        torch.optim; LBFGS with its line search.

    Examples:
        >>> import torch
        >>> make = candidates()["Nesterov 0.9"]
        >>> make([torch.zeros(2, requires_grad=True)], 0.1).defaults["nesterov"]
        True
        >>> set(candidates(matrix=True)) - set(candidates())
        {'Muon'}
    """

    def sgd(momentum: float, nesterov: bool = False) -> _Make:
        return lambda p, lr: optim.SGD(p, lr, momentum, nesterov=nesterov)

    def lbfgs(p: list[Tensor], lr: float) -> optim.Optimizer:
        more = {"max_iter": 100, "max_eval": 100, "line_search_fn": "strong_wolfe"}
        return optim.LBFGS(p, lr, **more)

    found = {
        "SGD": sgd(0.0),
        "momentum 0.9": sgd(0.9),
        "Nesterov 0.9": sgd(0.9, nesterov=True),
        "Adagrad": optim.Adagrad,
        "Adadelta": optim.Adadelta,
        "RMSprop": optim.RMSprop,
        "Adam": optim.Adam,
        "NAdam": optim.NAdam,
        "RAdam": optim.RAdam,
        "Rprop": optim.Rprop,
        "LBFGS": lbfgs,
    }
    if matrix:
        found["Muon"] = lambda p, lr: optim.Muon(p, lr, weight_decay=0.0)
    return found
