"""Every recipe against values quoted from its source, and what the page says of them."""

import inspect
import math
import re
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from snippets.training.recipes import disagreements, images, read_back, sequences
from snippets.training.recipes.detectron2 import detectron2
from snippets.training.recipes.landmarks import landmarks
from snippets.training.recipes.mae_finetuning import mae_finetuning
from snippets.training.recipes.nnunet import nnunet
from snippets.training.recipes.segformer import segformer
from tools.pages import ROOT

RECIPES = {
    (
        r.func.__name__ + str(r.keywords["lr"])
        if isinstance(r, partial)
        else r.__name__
    ): r
    for tasks in (images.TASKS, sequences.TASKS)
    for recipes in tasks.values()
    for r in recipes
}
every = pytest.mark.parametrize("name", RECIPES)
ALL = {"weight", "embedding", "position", "norm", "bias"}
VECTORS = {"norm", "bias"}

# Of each: the optimizer, what its source sets (torch's default where it sets nothing),
# the decay, the kinds that do not decay, and the lr at steps, typed from the place named.
EXPECTED = {
    # pytorch/examples imagenet/main.py: --lr 0.1, --momentum 0.9, --wd 1e-4, StepLR 30
    "resnet_imagenet": (
        SGD,
        {"momentum": 0.9, "nesterov": False},
        (1e-4, set()),
        {0: 0.1, 29: 0.1, 30: 0.01, 59: 0.01, 60: 0.001, 89: 0.001},
    ),
    # scripts/train_cifar.sh: learningRate 0.1, epoch_step {60,120,160}, ratio 0.2;
    # train.lua: batchSize 128, weightDecay 0.0005, momentum 0.9
    "wide_resnet_cifar": (
        SGD,
        {"momentum": 0.9, "nesterov": True, "dampening": 0},
        (5e-4, set()),
        {0: 0.1, 59: 0.1, 60: 0.02, 120: 0.004, 160: 0.0008, 199: 0.0008},
    ),
    # vit_s16_i1k.py: lr 0.001, wd 0.0001, warmup_steps 10_000, cosine; optax.py: decay
    # of ".*/kernel$" is added after the lr, so wd / lr is AdamW's
    "vit_s16_imagenet": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (0.1, ALL - {"weight"}),
        {0: 0, 5000: 5e-4, 10_000: 1e-3, 60_738: 5e-4, 111_476: 0},
    ),
    # config.py: BASE_LR 5e-4, WARMUP_LR 5e-7, MIN_LR 5e-6, WEIGHT_DECAY 0.05, 20 of 300
    # epochs; main.py: all three times batch / 512
    "swin_imagenet": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (0.05, VECTORS | {"absolute_pos_embed"}),
        {0: 1e-6, 10: 0.0005005, 20: 1e-3, 160: 0.000505, 300: 1e-5},
    ),
    # PRETRAIN.md: blr 1.5e-4, weight_decay 0.05, 40 of 800 epochs, batch 4096 over 256;
    # main_pretrain.py: betas (0.9, 0.95)
    "mae_pretraining": (
        AdamW,
        {"betas": (0.9, 0.95), "eps": 1e-8},
        (0.05, VECTORS),
        {0: 0, 20: 1.2e-3, 40: 2.4e-3, 420: 1.2e-3, 800: 0},
    ),
    # params.py: lr 5e-4, beta2 0.98, eps 1e-6, wd 0.2, warmup 10000; scheduler.py
    "clip_vit": (
        AdamW,
        {"betas": (0.9, 0.98), "eps": 1e-6},
        (0.2, VECTORS),
        {0: 5e-8, 4999: 2.5e-4, 10_000: 5e-4, 505_000: 2.5e-4, 1_000_000: 0},
    ),
    # vit_jax/configs/common.py: base_lr 0.03, warmup_steps 500, cosine; train.py: SGD
    "vit_finetuning": (
        SGD,
        {"momentum": 0.9, "nesterov": False},
        (0, ALL),
        {0: 0, 250: 0.015, 500: 0.03, 5250: 0.015, 10_000: 0},
    ),
    # FINETUNE.md: blr 5e-4, batch 1024 over 256, weight_decay 0.05, layer_decay 0.65;
    # main_finetune.py: warmup 5 of 100 epochs, min_lr 1e-6, betas default
    "mae_finetuning": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (0.05, VECTORS),
        {0: 0, 5: 2e-3, 100: 1e-6},
    ),
    # Base-RCNN-FPN.yaml: BASE_LR 0.02, STEPS (60000, 80000); defaults.py: MOMENTUM 0.9,
    # WEIGHT_DECAY 0.0001, WEIGHT_DECAY_NORM 0.0, WARMUP_FACTOR 1/1000, 1000 steps
    "detectron20.02": (
        SGD,
        {"momentum": 0.9, "nesterov": False},
        (1e-4, {"norm"}),
        {0: 2e-5, 1000: 0.02, 59_999: 0.02, 60_000: 0.002, 80_000: 0.0002},
    ),
    # Base-RetinaNet.yaml: BASE_LR 0.01
    "detectron20.01": (
        SGD,
        {"momentum": 0.9, "nesterov": False},
        (1e-4, {"norm"}),
        {0: 1e-5, 500: 0.005005, 1000: 0.01, 60_000: 0.001, 90_000: 0.0001},
    ),
    # main.py: lr 1e-4, lr_backbone 1e-5, weight_decay 1e-4, lr_drop 200
    "detr": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (1e-4, set()),
        {0: 1e-4, 199: 1e-4, 200: 1e-5, 299: 1e-5},
    ),
    # nnUNetTrainer.py: initial_lr 1e-2, weight_decay 3e-5, momentum 0.99, nesterov;
    # polylr.py: exponent 0.9
    "nnunet": (
        SGD,
        {"momentum": 0.99, "nesterov": True},
        (3e-5, set()),
        {0: 1e-2, 500: 1e-2 * 0.5**0.9, 999: 1e-2 * 0.001**0.9},
    ),
    # segformer.b0.512x512.ade.160k.py: lr 0.00006, head lr_mult 10, weight_decay 0.01,
    # warmup_iters 1500, warmup_ratio 1e-6, power 1.0; mmcv multiplies the two
    "segformer": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (0.01, {"norm.weight", "norm.bias", "pos_block"}),
        {0: 6e-10, 1500: 6e-4 * (1 - 1500 / 160_000), 80_000: 3e-4, 160_000: 0},
    ),
    # scripts/run_cifar.py: lr 2e-4, warmup 5000; utils.py: epsilon 1e-8
    "ddpm_cifar": (
        Adam,
        {"betas": (0.9, 0.999), "eps": 1e-8},
        (0, ALL),
        {0: 0, 2500: 1e-4, 5000: 2e-4, 800_000: 2e-4},
    ),
    # main.lua: lr 0.0002, beta1 0.5
    "dcgan": (Adam, {"betas": (0.5, 0.999), "eps": 1e-8}, (0, ALL), {0: 2e-4}),
    # optimization.py: 0.01, 0.9, 0.999, 1e-6, polynomial_decay over all steps and warm-up;
    # README.md: "The learning rate we used in the paper was 1e-4"; run_pretraining.py
    "bert_pretraining": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-6},
        (0.01, VECTORS),
        {0: 0, 5000: 5e-5, 10_000: 9e-5, 50_000: 5e-5, 100_000: 0},
    ),
    # base.yaml: lr 0.0005, adam_betas (0.9,0.98), adam_eps 1e-06, weight_decay 0.01,
    # warmup_updates 10000, max_update 125000
    "roberta_pretraining": (
        AdamW,
        {"betas": (0.9, 0.98), "eps": 1e-6},
        (0.01, set()),
        {0: 0, 5000: 2.5e-4, 10_000: 5e-4, 67_500: 2.5e-4, 125_000: 0},
    ),
    # train.py: learning_rate 6e-4, min_lr 6e-5, 0.9, 0.95, weight_decay 1e-1, 2000 of
    # 600000, lr * (it + 1) / (warmup + 1); model.py: p.dim() >= 2
    "nanogpt": (
        AdamW,
        {"betas": (0.9, 0.95), "eps": 1e-8},
        (0.1, VECTORS),
        {0: 6e-4 / 2001, 2000: 6e-4, 301_000: 3.3e-4, 600_000: 6e-5},
    ),
    # OLMo2-7B-stage1.yaml: 3.0e-4, 0.1, 1e-8, 0.9, 0.95, decay_norm_and_bias true,
    # decay_embeddings false, alpha_f 0.1, warmup_min_lr 0.0, tokens over 1024 * 4096
    "olmo2_7b": (
        AdamW,
        {"betas": (0.9, 0.95), "eps": 1e-8},
        (0.1, {"embedding"}),
        {0: 0, 1000: 1.5e-4, 2000: 3e-4, 1_192_093: 3e-5},
    ),
    # scaling_nmt/README.md: lr 0.0005, (0.9, 0.98), warmup 4000 from 1e-07, decay 0.0
    "transformer_wmt": (
        Adam,
        {"betas": (0.9, 0.98), "eps": 1e-8},
        (0, ALL),
        {0: 1e-7, 4000: 5e-4, 16_000: 2.5e-4, 400_000: 5e-5},
    ),
    # README.md: learning_rate 2e-5, 3 epochs, 32; run_classifier.py: warm-up 0.1
    "bert_finetuning": (
        AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-6},
        (0.01, VECTORS),
        {0: 0, 0.15: 1e-5, 0.3: 1.8e-5, 1.5: 1e-5, 3: 0},
    ),
    # finetune_guanaco_7b.sh: learning_rate 0.0002, constant, adam_beta2 0.999, decay 0.0
    "qlora": (AdamW, {"betas": (0.9, 0.999), "eps": 1e-8}, (0, ALL), {0: 2e-4}),
    # config.yaml: lr 5e-7, RMSprop, warmup_steps 150; trainers.py: (step + 1) / 151
    "dpo": (
        RMSprop,
        {"alpha": 0.99, "eps": 1e-8, "momentum": 0, "centered": False},
        (0, ALL),
        {0: 5e-7 / 151, 150: 5e-7, 5000: 5e-7},
    ),
    # train.lua: learning_rate 2e-3, decay_rate 0.95, learning_rate_decay 0.97 after 10
    "char_rnn": (
        RMSprop,
        {"alpha": 0.95, "eps": 1e-8, "momentum": 0, "centered": False},
        (0, ALL),
        {0: 2e-3, 9: 2e-3, 10: 2e-3 * 0.97, 49: 2e-3 * 0.97**40},
    ),
    # main.py: lr 30, wdecay 1.2e-6, SGD without momentum
    "awd_lstm": (
        SGD,
        {"momentum": 0, "nesterov": False},
        (1.2e-6, set()),
        {0: 30},
    ),
    # wav2vec2_base_librispeech.yaml: 0.0005, (0.9,0.98), 1e-06, 0.01, 32000 of 400000
    "wav2vec2_pretraining": (
        AdamW,
        {"betas": (0.9, 0.98), "eps": 1e-6},
        (0.01, set()),
        {0: 0, 16_000: 2.5e-4, 32_000: 5e-4, 216_000: 2.5e-4, 400_000: 0},
    ),
    # base_100h.yaml: 0.00003, (0.9,0.98), 1e-08, phase_ratio [0.1, 0.4, 0.5], final 0.05
    "wav2vec2_finetuning": (
        Adam,
        {"betas": (0.9, 0.98), "eps": 1e-8},
        (0, ALL),
        {0: 3e-7, 8000: 3e-5, 40_000: 3e-5, 60_000: 3e-5 * 0.05**0.5, 80_000: 1.5e-6},
    ),
    # ppo2/defaults.py atari(): 2.5e-4 * f; model.py: epsilon=1e-5
    "ppo_atari": (
        Adam,
        {"betas": (0.9, 0.999), "eps": 1e-5},
        (0, ALL),
        {0: 2.5e-4, 500_000: 1.25e-4, 1_000_000: 0},
    ),
    # rainbow.gin, dqn.gin: learning_rate 6.25e-5, eps 1.5e-4
    "rainbow": (Adam, {"betas": (0.9, 0.999), "eps": 1.5e-4}, (0, ALL), {0: 6.25e-5}),
}

# Clip, batch and confidence, typed from the same places.
USE = {
    "resnet_imagenet": ("none", "256 images", "C"),
    "wide_resnet_cifar": ("none", "128 images", "A"),
    "vit_s16_imagenet": ("norm 1.0", "1024 images", "A"),  # grad_clip_norm
    "swin_imagenet": ("norm 5.0", "1024 images", "A"),  # CLIP_GRAD; 8 times 128
    "mae_pretraining": ("none", "4096 images", "A"),
    "clip_vit": ("none", "64 pairs a GPU", "C"),
    "vit_finetuning": ("norm 1.0", "512 images", "A"),  # grad_norm_clip
    "mae_finetuning": ("none", "1024 images", "A"),  # clip_grad None
    "detectron20.02": ("none", "16 images", "A"),  # CLIP_GRADIENTS False
    "detectron20.01": ("none", "16 images", "A"),
    "detr": ("norm 0.1", "16 images", "A"),  # clip_max_norm; 8 GPUs times 2
    "nnunet": ("norm 12", "planned from memory", "A"),  # clip_grad_norm_(..., 12)
    "segformer": ("none", "2 images a GPU", "A"),  # samples_per_gpu
    "ddpm_cifar": ("norm 1.0", "128 images", "A"),  # grad_clip, total_bs
    "dcgan": ("none", "64 images", "A"),
    "bert_pretraining": ("norm 1.0", "32 sequences", "A"),  # clip_by_global_norm
    "roberta_pretraining": ("none", "2048 sequences", "A"),  # clip_norm: 0
    "nanogpt": ("norm 1.0", "491520 tokens", "A"),  # grad_clip; train_gpt2.py
    "olmo2_7b": ("norm 1.0", "1024 sequences of 4096", "A"),  # max_grad_norm
    "transformer_wmt": ("none", "3584 tokens a GPU", "A"),  # --clip-norm 0.0
    "bert_finetuning": ("norm 1.0", "32 sequences", "A"),
    "qlora": ("norm 0.3", "16 sequences", "A"),  # max_grad_norm; 1 times 16
    "dpo": ("norm 10", "64 pairs", "A"),  # max_grad_norm 10.0
    "char_rnn": ("value 5", "50 sequences", "A"),  # clamp(-grad_clip, grad_clip)
    "awd_lstm": ("norm 0.25", "20 sequences", "A"),
    "wav2vec2_pretraining": (
        "none",
        "1.4 million samples on each of 64 GPUs",  # max_tokens, distributed_world_size
        "A",
    ),
    "wav2vec2_finetuning": ("none", "3.2 million samples times 8", "A"),  # 2 * 4
    "ppo_atari": (  # nsteps 128, nminibatches 4, noptepochs 4, max_grad_norm
        "norm 0.5",
        "a fourth of 128 steps of each environment, 4 epochs",
        "A",
    ),
    "rainbow": ("none", "32 transitions", "C"),
}


@pytest.fixture(scope="module")
def built():
    return {name: read_back._built(recipe) for name, recipe in RECIPES.items()}


def options(name):
    """The arguments of a recipe beside its model, at the length that is published."""
    said = read_back._said(RECIPES[name])
    wanted = [p for p in inspect.signature(RECIPES[name]).parameters if p != "lr"][1:]
    length = re.match(r"\d+", said["Length"])
    total = int(length[0]) if length else 1_000_000
    if name in {"swin_imagenet", "mae_pretraining", "mae_finetuning"}:
        total *= 1000
    if name == "bert_finetuning":
        total = 300_000
    batch = {"swin_imagenet": 1024, "mae_pretraining": 4096, "mae_finetuning": 1024}
    return {k: batch[name] if k == "batch" else total for k in wanted}, total


def test_every_recipe_is_expected():
    assert set(RECIPES) == set(EXPECTED) == set(USE)
    assert len(RECIPES) == 29
    files = {p.stem for p in (ROOT / "snippets/training/recipes").glob("*.py")}
    drawn = {"images", "sequences", "read_back", "disagreements", "landmarks"}
    assert {n.rstrip(".012") if "detectron" in n else n for n in RECIPES} == {
        f.rstrip("2") if f == "detectron2" else f for f in files - drawn
    }


@every
def test_optimizer_and_groups(name):
    kind, settings, (decay, spared), _ = EXPECTED[name]
    model = read_back._toy()
    optimizer, _ = RECIPES[name](model, **options(name)[0])
    assert type(optimizer) is kind
    for key, value in settings.items():
        assert all(g[key] == value for g in optimizer.param_groups), key
    held = [id(p) for g in optimizer.param_groups for p in g["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    owner = {id(p): g for g in optimizer.param_groups for p in g["params"]}
    for parameter, p in model.named_parameters():
        known = {parameter, read_back._kind(parameter)}
        wanted = 0 if known & spared else decay
        assert owner[id(p)]["weight_decay"] == pytest.approx(wanted), parameter


@every
def test_schedule(name):
    lrs = EXPECTED[name][3]
    arguments, total = options(name)
    scale = {"swin_imagenet": 300, "mae_pretraining": 800, "mae_finetuning": 100}
    scale = total / {**scale, "bert_finetuning": 3}.get(name, total)
    optimizer, scheduler = RECIPES[name](read_back._toy(), **arguments)
    peak = max(g.get("initial_lr", g["lr"]) for g in optimizer.param_groups)
    if scheduler is None:
        assert list(lrs.values()) == [peak]
        return
    if hasattr(scheduler, "lr_lambdas"):
        assert all(f is scheduler.lr_lambdas[0] for f in scheduler.lr_lambdas)
        found = {t: peak * scheduler.lr_lambdas[0](round(t * scale)) for t in lrs}
    else:
        stepped = read_back._stepped(scheduler, max(lrs))
        found = {t: peak * stepped[t] for t in lrs}
    assert found == pytest.approx(lrs, rel=1e-6, abs=1e-12)


@every
def test_past_the_end_the_rate_stays_real_and_not_negative(name):
    arguments, total = options(name)
    _, scheduler = RECIPES[name](read_back._toy(), **arguments)
    for factor in getattr(scheduler, "lr_lambdas", []):
        for step in (total, total + 1, 10 * total):
            assert isinstance(factor(step), float | int)
            assert 0 <= factor(step) <= 1


@every
def test_docstring_says_how_it_is_used(name, built):
    said = built[name]
    assert (said["Clip"], said["Batch"], said["Confidence"]) == USE[name]
    link = r"https://github\.com/[\w.-]+/[\w.-]+/blob/[0-9a-f]{40}/[\w./-]+\.\w+"
    assert re.fullmatch(link, said["Source"]), said["Source"]


@every
def test_one_step_moves_every_parameter(name):
    torch.manual_seed(0)
    model = read_back._toy().double()  # 1 + 1e-9 is 1 in float32
    optimizer, scheduler = RECIPES[name](model, **options(name)[0])
    before = [p.detach().clone() for p in model.parameters()]
    for _ in range(2):
        for p in model.parameters():
            p.grad = torch.randn_like(p)
        optimizer.step()
        if scheduler:
            scheduler.step()
    for old, p in zip(before, model.parameters(), strict=True):
        assert p.isfinite().all() and not torch.equal(old, p)


def test_the_steps_of_big_vision_and_olmo():
    images_of_train = 1_281_167 * 99 // 100  # 'train[:99%]'
    assert 90 * images_of_train / 1024 == pytest.approx(111_476, abs=1)
    assert pytest.approx(1_192_093, abs=1) == 5e12 / (1024 * 4096)
    assert 8_388_608_000 / (1024 * 4096) == 2000
    assert 12 * 1024 * 5 * 8 == 491_520


def test_mae_gives_less_to_each_layer_down():
    model = read_back._toy()
    optimizer, _ = mae_finetuning(model, 1000, batch=1024)
    rate = {
        id(p): g["initial_lr"] / 2e-3
        for g in optimizer.param_groups
        for p in g["params"]
    }
    of = dict(model.named_parameters())
    assert rate[id(of["head.weight"])] == 1
    assert rate[id(of["blocks.1.mlp.weight"])] == pytest.approx(0.65)
    assert rate[id(of["blocks.0.mlp.bias"])] == pytest.approx(0.65**2)
    assert rate[id(of["pos_embed"])] == pytest.approx(0.65**3)


def test_groups_by_name():
    model = read_back._toy()
    of = dict(model.named_parameters())
    for recipe, fast, slow in (
        (RECIPES["detr"], "head.weight", "backbone.0.weight"),
        (partial(segformer, total_steps=160_000), "head.bias", "norm.weight"),
    ):
        optimizer, _ = recipe(model)
        rate = {
            id(p): g["initial_lr"] for g in optimizer.param_groups for p in g["params"]
        }
        assert rate[id(of[fast])] == pytest.approx(10 * rate[id(of[slow])])


def test_norms_of_segformers_head_decay():
    """mmcv sorts the keys by length, then by name, and takes the first that fits."""
    model = nn.ModuleDict({"head": nn.ModuleDict({"norm": nn.LayerNorm(2)})})
    optimizer, _ = segformer(model, 160_000)
    (group,) = optimizer.param_groups
    assert (group["initial_lr"], group["weight_decay"]) == (6e-4, 0.01)


def test_frozen_parameters_are_left_out():
    for name in ("qlora", "detr"):
        model = read_back._toy()
        model["backbone"].requires_grad_(False)
        optimizer, _ = RECIPES[name](model)
        held = {id(p) for g in optimizer.param_groups for p in g["params"]}
        assert held == {id(p) for p in model.parameters() if p.requires_grad}


def test_batch_scales_the_rate():
    for name, base, unit in (
        ("swin_imagenet", 5e-4, 512),
        ("mae_pretraining", 1.5e-4, 256),
        ("mae_finetuning", 5e-4, 256),
    ):
        for batch in (unit, 64):
            optimizer, _ = RECIPES[name](read_back._toy(), 1000, batch=batch)
            assert optimizer.defaults["lr"] == pytest.approx(base * batch / unit)


@pytest.mark.parametrize(
    ("name", "warm"),
    {
        "vit_s16_imagenet": 10_000,
        "vit_finetuning": 500,
        "bert_pretraining": 10_000,
        "roberta_pretraining": 10_000,
        "nanogpt": 2000,
        "olmo2_7b": 2000,
        "clip_vit": 10_000,
        "wav2vec2_pretraining": 32_000,
    }.items(),
)
def test_runs_shorter_than_the_warm_up_are_refused(name, warm):
    message = f"total_steps must exceed {warm}, got {warm}$"
    with pytest.raises(ValueError, match=message):
        RECIPES[name](nn.Linear(3, 2), warm)
    RECIPES[name](nn.Linear(3, 2), warm + 1)


def test_landmarks():
    def schedule(t):
        if t < 7:
            return t / 7
        return 0.5 ** ((t >= 20) + (t >= 21) + (t >= 50))

    found = landmarks(schedule, 60)
    assert [t for t, _ in found] == [0, 7, 20, 21, 50, 60]
    assert [f for _, f in found] == [0, 1, 0.5, 0.25, 0.125, 0.125]
    cosine = landmarks(lambda t: 0.5 * (1 + math.cos(math.pi * t / 1000)), 1000)
    assert [t for t, _ in cosine] == [0, 1000]
    with pytest.raises(ValueError, match="total must be positive, got 0"):
        landmarks(schedule, 0)


def test_tables_hold_every_recipe_once(built):
    text = images.table() + "\n" + sequences.table()
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert len(rows) == len(RECIPES)
    assert len(set(rows)) == len(rows)
    for said in built.values():
        assert sum(f"| [{said['Title']}]({said['Source']})" in row for row in rows) == 1
    for part in (
        "0.1 → 0.02 (60) → 0.004 (120) → 8e-4 (160), until 200 epochs",
        "1e-6 → 0.001 (20) → 1e-5 (300 epochs)",
        "0.01 → 2e-5 (1\N{NO-BREAK SPACE}k epochs)",
        "0 → 2e-5 (0.3) → 0 (3 epochs)",
        "3.31e-9 → 5e-7 (150), then constant",
        "decay 0.1, not embedding |",
        "Base-RetinaNet.yaml) (A)<br>batch 16 images; clip none | SGD 0.9<br>",
    ):
        assert part in text, part


def test_disagreements():
    rows = [row.split(" | ") for row in disagreements.table().splitlines()[2:]]
    found, setting = {}, ""
    for first, value, recipes in rows:
        setting = first.strip("| ") or setting
        found[setting, value] = recipes.strip(" |").split(", ")
    assert found["norms decay", "yes"] == [
        "ResNet",
        "Wide ResNet",
        "DETR",
        "nnU-Net",
        "RoBERTa",
        "OLMo 2 7B",
        "AWD-LSTM",
        "Wav2vec 2.0 base",
    ]
    assert found["beta2", "0.95"] == ["Masked autoencoder", "GPT-2 124M", "OLMo 2 7B"]
    assert found["Adam's eps", "1e-5"] == ["PPO"]
    assert ("embeddings decay", "yes") in found
    assert [v for s, v in found if s == "AdamW's decay"] == [
        *("0", "1e-4", "0.01", "0.05", "0.1", "0.2")
    ]


# What the text says


def test_bert_drops_where_its_warm_up_ends(built):
    _, scheduler = RECIPES["bert_pretraining"](nn.Linear(2, 2), 100_000)
    (factor,) = set(scheduler.lr_lambdas)
    assert factor(10_000) / factor(9_999) == pytest.approx(0.9, rel=1e-3)
    _, scheduler = RECIPES["roberta_pretraining"](nn.Linear(2, 2), 125_000)
    (factor,) = set(scheduler.lr_lambdas)
    assert factor(10_001) / factor(10_000) > 0.9999


def test_numbers_of_the_text():
    assert 1000 * 250 == 250_000  # nnU-Net's steps
    assert 32_000 / 400_000 == 0.08  # wav2vec's warm-up
    assert pytest.approx(400) == 2e-4 / 5e-7  # QLoRA and DPO
    assert pytest.approx(10) == (4e-3 * 512 / 4096) / 5e-5  # ConvNeXt
    assert 5e-4 * 1024 / 256 == 2e-3 and 5e-4 * 1024 / 512 == 1e-3
    scratch = images.TASKS["From scratch"]
    built = [read_back._built(recipe) for recipe in scratch]
    decays = [
        max(map(max, b["kinds"].values()))
        for b in built
        if isinstance(b["optimizer"], AdamW)
    ]
    assert (min(decays), max(decays)) == pytest.approx((0.05, 0.2))
    for optimizer, name in ((nnunet(nn.Linear(2, 2), 9)[0], "momentum"),):
        others = [
            b["optimizer"].defaults[name]
            for b in (read_back._built(r) for r in RECIPES.values())
            if isinstance(b["optimizer"], SGD)
        ]
        assert sorted(others)[-1] == optimizer.defaults[name] == 0.99
        assert sorted(others)[-2] == 0.9


def test_batch_norms_of_a_detector_do_not_decay():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.GroupNorm(2, 8))
    optimizer, _ = detectron2(model, lr=0.02)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 4]


def test_the_page_tells_the_number_of_trainings():
    text = (ROOT / "docs/training/recipes.md").read_text("utf-8")
    (number,) = re.findall(r"for (\d+) trainings", text)
    assert int(number) == len(RECIPES)
