"""A decoder as language models have it today, in PyTorch.

The chapter language/language_model derives its parts; what is here is the same code::

    from utils import language_model

    net = language_model.LanguageModel(512, 64, 5, 8, 4, 172, context=512)
    logits = net(ids)  # (N, T) to (N, T, 512)
    logits, cache = net(ids, cache=())  # and what later calls need of these places
    logits, cache = net(new_ids, cache)

Parameters have the names and layouts of llama2.c's published models. Pairs of rotary
positions are neighbours, 2i and 2i + 1. The twin is `utils.language_model_keras`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from utils.training.arguments import check_counts

__all__ = ["Block", "Config", "LanguageModel", "checked", "rotate"]

KeysAndValues = tuple[
    torch.Tensor, torch.Tensor
]  # each (N, kv_heads, places so far, head size)


class Config(NamedTuple):
    """The sizes of a model, and which of each part's kinds it has."""

    vocabulary: int
    width: int
    depth: int
    heads: int
    kv_heads: int
    hidden: int
    context: int
    tied: bool = True
    bias: bool = False
    norm: str = "rms"
    positions: str = "rotary"
    feedforward: str = "swiglu"
    std: float = 0.02


KINDS = {
    "norm": ("rms", "layer"),
    "positions": ("rotary", "learned", "alibi", "none"),
    "feedforward": ("swiglu", "gelu"),
}


def checked(*arguments: Any, **options: Any) -> Config:
    """Returns the arguments as a Config, or says in one sentence what is wrong."""
    config = Config(*arguments, **options)
    check_counts(**dict(zip(Config._fields[:7], config[:7], strict=True)))
    for name, kinds in KINDS.items():
        if getattr(config, name) not in kinds:
            given = repr(getattr(config, name))
            raise ValueError(f"{name} is {given}; give one of {', '.join(kinds)}.")
    if not isinstance(config.std, float) or not config.std > 0:
        raise ValueError(f"std is {config.std!r}; give a positive number.")
    for one, many in (("heads", "width"), ("kv_heads", "heads")):
        small, large = getattr(config, one), getattr(config, many)
        if large % small:
            raise ValueError(f"{one} is {small}, which does not divide {many} {large}.")
    if config.positions == "rotary" and config.width // config.heads % 2:
        size = config.width // config.heads
        raise ValueError(f"A head has {size} numbers; rotary positions need pairs.")
    return config


def rotate(x: torch.Tensor, start: int = 0, base: float = 10000.0) -> torch.Tensor:
    """Turns pair i of place t by the angle (start + t) · base^(-2i / E).

    Args:
        x: Queries or keys, shape (..., T, E).
        start: The place of the first row.
        base: The slowest pair turns about `base` times slower than the first.

    Returns:
        Tensor of x's shape and dtype.

    Source: Su et al., "RoFormer", arXiv:2104.09864; eq-language-model-rotary.
    """
    exact = torch.promote_types(x.dtype, torch.float32)  # half precision cannot count
    pairs = torch.arange(0, x.shape[-1], 2, dtype=exact, device=x.device)
    places = torch.arange(start, start + x.shape[-2], dtype=exact, device=x.device)
    angle = places[:, None] * base ** (-pairs / x.shape[-1])  # (T, E / 2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


class Attention(nn.Module):
    """Causal attention in which `heads / kv_heads` queries share a key and a value."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, size = config, config.width // config.heads
        self.wq = nn.Linear(config.width, config.width, config.bias)
        self.wk = nn.Linear(config.width, config.kv_heads * size, config.bias)
        self.wv = nn.Linear(config.width, config.kv_heads * size, config.bias)
        self.wo = nn.Linear(config.width, config.width, config.bias)

    def forward(
        self, x: torch.Tensor, past: KeysAndValues | None = None
    ) -> tuple[torch.Tensor, KeysAndValues]:
        """X (N, T, D) and the past to what attention adds to x and the new past."""
        size = x.shape[-1] // self.config.heads
        parts = (w(x).unflatten(-1, (-1, size)) for w in (self.wq, self.wk, self.wv))
        q, k, v = (part.transpose(1, 2) for part in parts)  # (N, heads, T, E)
        start = 0 if past is None else past[0].shape[2]
        if self.config.positions == "rotary":
            q, k = rotate(q, start), rotate(k, start)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        kept, group = (k, v), self.config.heads // self.config.kv_heads
        k, v = (a.repeat_interleave(group, dim=1) for a in kept)
        mask = self.mask(q, k) if start or self.config.positions == "alibi" else None
        y = F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None)
        return self.wo(y.transpose(1, 2).flatten(2)), kept

    def mask(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        """True where a query may look, or with ALiBi what is added to its score."""
        there = torch.arange(k.shape[2], device=q.device)
        away = there[-q.shape[2] :, None] - there  # (T, S): how far back
        if self.config.positions != "alibi":
            return away >= 0
        heads = self.config.heads
        slopes = 2.0 ** (-8 * torch.arange(1, heads + 1, device=q.device) / heads)
        bias = -slopes[:, None, None] * away
        return bias.masked_fill(away < 0, -torch.inf).to(q.dtype)


class FeedForward(nn.Module):
    """w2 (silu(w1 x) · w3 x), or w2 gelu(w1 x) with GELU's form by tanh."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.w1 = nn.Linear(config.width, config.hidden, config.bias)
        self.w2 = nn.Linear(config.hidden, config.width, config.bias)
        if config.feedforward == "swiglu":
            self.w3 = nn.Linear(config.width, config.hidden, config.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, T, D) to the same shape."""
        gated = hasattr(self, "w3")
        h = self.w1(x)
        h = F.silu(h) * self.w3(x) if gated else F.gelu(h, approximate="tanh")
        return self.w2(h)


class Block(nn.Module):
    """Attention and a feed-forward network, each behind a norm and beside a skip."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention_norm, self.attention = make_norm(config), Attention(config)
        self.ffn_norm, self.feed_forward = make_norm(config), FeedForward(config)

    def forward(
        self, x: torch.Tensor, past: KeysAndValues | None = None
    ) -> tuple[torch.Tensor, KeysAndValues]:
        """X (N, T, D) and the past to x and the new past."""
        y, past = self.attention(self.attention_norm(x), past)
        x = x + y
        return x + self.feed_forward(self.ffn_norm(x)), past


def make_norm(config: Config) -> nn.Module:
    if config.norm == "rms":
        return nn.RMSNorm(config.width, eps=1e-5)
    return nn.LayerNorm(config.width, bias=config.bias)


class LanguageModel(nn.Module):
    """Blocks between a table of tokens and the scores of the next one.

    Args:
        vocabulary: How many tokens there are, V.
        width: Numbers at each place, D.
        depth: Number of blocks.
        heads: Heads of queries; divides `width`.
        kv_heads: Heads of keys and values; divides `heads`.
        hidden: Hidden units of the feed-forward network.
        context: Places that learned positions have; the other kinds know no limit.
        tied: Whether the scores use the table of tokens again.
        bias: Whether matrices and layer norms have biases.
        norm: "rms" or "layer".
        positions: "rotary", "learned", "alibi" or "none".
        feedforward: "swiglu" or "gelu".
        std: Standard deviation of the matrices at the start; GPT-2's at its width.

    Raises:
        ValueError: A size is not a whole number from 1 up or does not divide another,
            or a kind is unknown.

    Source: chapter language/language_model.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__()
        c = checked(*arguments, **options)
        self.config = c._asdict()
        self.tok_embeddings = nn.Embedding(c.vocabulary, c.width)
        if c.positions == "learned":
            self.pos_embeddings = nn.Embedding(c.context, c.width)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.depth))
        self.norm = make_norm(c)
        self.output = nn.Linear(c.width, c.vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:  # as GPT-2: what is added to the skip starts small
                adds = name.endswith(("wo.weight", "w2.weight"))
                std = c.std / (2 * c.depth) ** 0.5 if adds else c.std
                nn.init.normal_(parameter, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        if c.tied:
            self.output.weight = self.tok_embeddings.weight

    def forward(self, ids: torch.Tensor, cache: Any = None) -> Any:
        """Token ids (N, T) to scores (N, T, V); with a cache, to both of them.

        The first cache is ``()``, each later one what the call before returned: a pair
        of keys and values, (N, kv_heads, places, head size), for every block.
        """
        start = cache[0][0].shape[2] if cache else 0
        x = self.tok_embeddings(ids)
        if self.config["positions"] == "learned":
            check_length(start + ids.shape[1], self.config["context"])
            x = x + self.pos_embeddings.weight[start : start + ids.shape[1]]
        new = []
        for i, layer in enumerate(self.layers):
            x, past = layer(x, cache[i] if cache else None)
            new.append(past)
        logits = self.output(self.norm(x))
        return logits if cache is None else (logits, tuple(new))


def check_length(length: int, context: int) -> None:
    if length > context:
        raise ValueError(f"{length} places, but learned positions for {context} only.")
