"""The recipes for text, speech and control: what each builds, and where it was read."""

from snippets.training.recipes.awd_lstm import awd_lstm
from snippets.training.recipes.bert_finetuning import bert_finetuning
from snippets.training.recipes.bert_pretraining import bert_pretraining
from snippets.training.recipes.char_rnn import char_rnn
from snippets.training.recipes.dpo import dpo
from snippets.training.recipes.images import _tables
from snippets.training.recipes.nanogpt import nanogpt
from snippets.training.recipes.olmo2_7b import olmo2_7b
from snippets.training.recipes.ppo_atari import ppo_atari
from snippets.training.recipes.qlora import qlora
from snippets.training.recipes.rainbow import rainbow
from snippets.training.recipes.roberta_pretraining import roberta_pretraining
from snippets.training.recipes.transformer_wmt import transformer_wmt
from snippets.training.recipes.wav2vec2_finetuning import wav2vec2_finetuning
from snippets.training.recipes.wav2vec2_pretraining import wav2vec2_pretraining

TASKS = {
    "Text, from scratch": [
        bert_pretraining,
        roberta_pretraining,
        nanogpt,
        olmo2_7b,
        transformer_wmt,
    ],
    "Text, fine-tuning and preference": [bert_finetuning, qlora, dpo],
    "Recurrent networks": [char_rnn, awd_lstm],
    "Speech": [wav2vec2_pretraining, wav2vec2_finetuning],
    "Reinforcement learning": [ppo_atari, rainbow],
}


def table() -> str:
    """Tabulate the recipes for text, speech and control.

    Examples:
        >>> table().count("https://github.com/") == sum(map(len, TASKS.values()))
        True
    """
    return _tables(TASKS)
