"""A convex problem that Adam solves the wrong way round, and AMSGrad does not."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

RULES = {
    "Adam, beta2 0.99": (0.99, False),
    "AMSGrad, beta2 0.99": (0.99, True),
    "Adam, beta2 0.999": (0.999, False),
}
PERIODS, LR = 1200, 0.01


def _path(beta2: float, amsgrad: bool, periods: int = PERIODS) -> list[float]:
    """The weight after each period of 101 steps of Adam, in plain floats."""
    weight = m = v = largest = 0.0
    power1 = power2 = 1.0
    path = [weight]
    for _ in range(periods):
        for i in range(101):
            grad = -10.0 if i else 1010.0
            power1, power2 = power1 * 0.9, power2 * beta2
            m += 0.1 * (grad - m)
            v = beta2 * v + (1 - beta2) * grad * grad
            largest = max(largest, v) if amsgrad else v
            denominator = (largest / (1 - power2)) ** 0.5 + 1e-8
            weight -= LR * m / (1 - power1) / denominator
            weight = min(1.0, max(-1.0, weight))
        path.append(weight)
    return path


def figure() -> Figure:
    """Draw the weight against the step."""
    fig, ax = plt.subplots(figsize=(5.5, 3))
    step = [0.101 * i for i in range(PERIODS + 1)]
    for i, (name, rule) in enumerate(RULES.items()):
        ax.plot(step, _path(*rule), color=f"C{i}", label=name)
    ax.set(xlabel="step / 1000", ylabel="weight; the optimum is -1", ylim=(-1.1, 1.1))
    ax.legend(loc=(0.5, 0.42))
    ax.set_title("Rare large gradients are forgotten too soon")
    return fig
