"""Published weight decays, each as the share that one step takes off a weight."""

import math

from snippets.training.weight_decay.convert_weight_decay import convert_weight_decay

GITHUB = "https://github.com/"
# name, file, value, convention, peak learning rate, momentum
VALUES = (
    ("ResNet", "pytorch/examples/blob/main/imagenet/main.py", 1e-4, "l2", 0.1, 0.9),
    (
        "nnU-Net",
        "MIC-DKFZ/nnUNet/blob/master/nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py",
        3e-5,
        "l2",
        0.01,
        0.99,
    ),
    (
        "ViT-S/16, big_vision",
        "google-research/big_vision/blob/main/big_vision/configs/vit_s16_i1k.py",
        1e-4,
        "schedule",
        1e-3,
        0.0,
    ),
    ("MAE", "facebookresearch/mae/blob/main/PRETRAIN.md", 0.05, "lr", 2.4e-3, 0.0),
    (
        "ConvNeXt",
        "facebookresearch/ConvNeXt/blob/main/TRAINING.md",
        0.05,
        "lr",
        4e-3,
        0.0,
    ),
    (
        "DETR",
        "facebookresearch/detr/blob/main/main.py",
        1e-4,
        "lr",
        1e-4,
        0.0,
    ),
    (
        "GPT-2, nanoGPT",
        "karpathy/nanoGPT/blob/master/train.py",
        0.1,
        "lr",
        6e-4,
        0.0,
    ),
    (
        "OLMo 2 7B",
        "allenai/OLMo/blob/main/configs/official-1124/OLMo2-7B-stage1.yaml",
        0.1,
        "lr",
        3e-4,
        0.0,
    ),
    (
        "wav2vec 2.0",
        "facebookresearch/fairseq/blob/main/examples/wav2vec/config/pretraining/"
        "wav2vec2_base_librispeech.yaml",
        0.01,
        "lr",
        5e-4,
        0.0,
    ),
)
SHORT = {"l2": "SGD, L2", "lr": "lr × λ", "schedule": "schedule × λ"}


def table() -> str:
    """Convert each value at its peak learning rate.

    Examples:
        >>> rows = [row.split("|") for row in table().splitlines()[2:]]
        >>> [row[3].strip() for row in rows][:3]
        ['1e-4', '3e-5', '1e-4']
    """
    lines = [
        "| recipe | as written | a step takes | half-life |",
        "| --- | --- | --- | --- |",
    ]
    for name, path, value, dialect, lr, momentum in VALUES:
        share = convert_weight_decay(
            value, dialect, "schedule", lr=lr, momentum=momentum
        )
        steps = math.log(0.5) / math.log1p(-share)
        shown = f"{share:.2g}" if share >= 1e-3 else f"{share:.0e}".replace("e-0", "e-")
        lines.append(
            f"| [{name}]({GITHUB}{path}) | {value:g}, {SHORT[dialect]} "
            f"| {shown} | {float(f'{steps:.1e}'):,.0f} |"
        )
    return "\n".join(lines)
