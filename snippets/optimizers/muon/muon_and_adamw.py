"""Muon for the hidden matrices of a model, AdamW for everything else."""

import torch
from torch import nn


def muon_and_adamw(
    model: nn.Module,
    head: nn.Module | None,
    lr: float = 1e-3,
    weight_decay: float = 0.1,
) -> tuple[torch.optim.Muon, torch.optim.AdamW]:
    """Give every trainable parameter of `model` to exactly one of two optimizers.

    Muon gets what has two dimensions and is neither in `head` nor in an `nn.Embedding`.
    AdamW gets the rest, and decays only what has two dimensions or more.

    Args:
        model: On its device, in its dtype, frozen where it shall be frozen.
        head: The output layer, a module of `model`; None only if there is none.
        lr: Of both: Muon's steps are scaled to the size of AdamW's.
        weight_decay: Of both; decoupled, so that a step takes lr * weight_decay.

    Returns:
        Muon and AdamW. Call zero_grad, step, a scheduler and state_dict on each.

    Raises:
        ValueError: If `head` is not a module of `model`, or if no parameter is left
            for one of the two.

    Source: `torch.optim.Muon`, `adjust_lr_fn="match_rms_adamw"`; J. Liu et al., Muon is
    Scalable for LLM Training, 2025.

    Examples:
        >>> body = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.LayerNorm(16))
        >>> model = nn.Sequential(nn.Embedding(50, 8), body, nn.Linear(16, 50))
        >>> muon, adamw = muon_and_adamw(model, head=model[2])
        >>> [tuple(p.shape) for p in muon.param_groups[0]["params"]]
        [(16, 8)]
        >>> [tuple(p.shape) for p in adamw.param_groups[0]["params"]]
        [(50, 8), (50, 16)]
        >>> [tuple(p.shape) for p in adamw.param_groups[1]["params"]]
        [(16,), (16,), (16,), (50,)]
    """
    modules = list(model.modules())
    if head is not None and not any(head is module for module in modules):
        raise ValueError(f"head must be a module of model, got another: {head}")
    outside = [m for m in modules if isinstance(m, nn.Embedding | nn.EmbeddingBag)]
    outside += [head] if head is not None else []
    kept = {id(p) for module in outside for p in module.parameters()}
    hidden, matrices, vectors = [], [], []
    for p in model.parameters():  # a shared parameter comes once
        if not p.requires_grad:
            continue
        if p.ndim == 2 and id(p) not in kept:
            hidden.append(p)
        else:
            (matrices if p.ndim >= 2 else vectors).append(p)
    if not hidden or not matrices + vectors:
        raise ValueError(
            "model must leave parameters for both, got "
            f"{len(hidden)} for Muon and {len(matrices + vectors)} for AdamW"
        )
    muon = torch.optim.Muon(
        hidden, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    groups = [(matrices, weight_decay), (vectors, 0.0)]
    adamw = torch.optim.AdamW(
        [{"params": p, "weight_decay": decay} for p, decay in groups if p], lr=lr
    )
    return muon, adamw
