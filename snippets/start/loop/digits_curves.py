"""Train and validation loss of the page's program, from ln 10 downwards."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from snippets.start.loop.evaluate import evaluate
from snippets.start.loop.train_epoch import train_epoch


def figure() -> Figure:
    """Draw the losses of 7 epochs on scikit-learn's digits, as the program trains.

    Examples:
        The same numbers that the program prints for its last epoch:

        >>> training, validation = figure().axes[0].lines[:2]
        >>> f"{training.get_ydata()[-1]:.2f} {validation.get_ydata()[-1]:.2f}"
        '0.09 0.11'
    """
    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    inputs = torch.tensor(images / 16, dtype=torch.float32)
    data = TensorDataset(inputs, torch.tensor(labels))
    train_set, validation_set = random_split(data, [1437, 360])
    train_batches = DataLoader(train_set, batch_size=64, shuffle=True)
    validation_batches = DataLoader(validation_set, batch_size=256)
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10)
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    # Slices, not loaders: each pass of a DataLoader draws from the global generator,
    # and this figure must follow the program's random numbers.
    whole = [[tuple(part[:])] for part in (train_set, validation_set)]
    history = [[evaluate(model, criterion, part)[0] for part in whole]]
    for _ in range(7):
        train_epoch(model, criterion, optimizer, train_batches)
        validation_loss, _ = evaluate(model, criterion, validation_batches)
        history.append([evaluate(model, criterion, whole[0])[0], validation_loss])

    fig, ax = plt.subplots()
    epochs = range(len(history))
    for column, name in enumerate(("training set", "validation set")):
        ax.plot(epochs, [row[column] for row in history], label=name)
    ink = plt.rcParams["text.color"]
    ax.axhline(math.log(10), color=ink, linewidth=1, linestyle=":")
    ax.annotate(
        "ln 10 = 2.303: ten equal logits", (7, math.log(10)), (0, -4),
        textcoords="offset points", ha="right", va="top",
    )  # fmt: skip
    ax.set(xlabel="epoch", ylabel="mean cross-entropy (nats)", ylim=(0, 2.5))
    ax.set_title("Both losses start at ln 10 and fall together")
    ax.legend(loc="center right")
    return fig
