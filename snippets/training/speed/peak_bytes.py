"""The most bytes that a call holds at once, beyond what was there before."""

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def peak_bytes(call: Callable[[], object]) -> int:
    """Follow the CPU allocator through a call.

    Args:
        call: Runs once. Call it before if the first run differs, as that of an
            optimizer does, which creates its state.

    Returns:
        Bytes at the peak; 0 if nothing is allocated. On a GPU take
        `torch.cuda.max_memory_allocated()` instead.

    Source: `torch.profiler.profile`, its memory events.

    Examples:
        >>> import torch
        >>> x = torch.ones(1000)
        >>> round(peak_bytes(lambda: (x + 1) + 1), -3)
        8000
        >>> round(peak_bytes(lambda: x.add_(1).add_(1)), -3)
        0
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        call()
    events = [
        event
        for event in trace.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most
