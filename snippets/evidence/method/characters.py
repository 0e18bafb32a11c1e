"""Text that ships with Python, as sequences of characters."""

import functools
import pydoc_data.topics

import torch
from torch import Tensor

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz0123456789.,:;()[]{}'\"`*_-=+<>/\\|#@!?%&~^$"


@functools.cache
def characters() -> tuple[Tensor, Tensor]:
    """Return training and validation text, as indices into 70 characters.

    The text is the help on topics that `help()` shows, in order of their names: about
    460 000 characters, a little else in each version of Python. Capitals are made
    small, characters outside of the alphabet left out. The last tenth is for
    validation.

    Returns:
        Two int64 tensors of one dimension. Cut windows of T + 1 out of them: the first
        T are the input, the last T the target.

    Source: Python's standard library, pydoc_data.topics.

    Examples:
        >>> train, valid = characters()
        >>> len(train) > 300_000, len(valid) > 30_000, int(train.max()) < 70
        (True, True, True)
        >>> "".join(ALPHABET[i] for i in train[:40]).split()[:2]
        ['the', '"assert"']
    """
    topics = pydoc_data.topics.topics
    text = "\n".join(topics[name] for name in sorted(topics)).lower()
    index = {letter: i for i, letter in enumerate(ALPHABET)}
    codes = torch.tensor([index[letter] for letter in text if letter in index])
    cut = len(codes) * 9 // 10
    return codes[:cut], codes[cut:]
