"""Attention is recognised by its operations, in whatever way a model writes them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.float64 import Float64
from attentionviz.models.tracing import TracedCall, trace

Tensor = torch.Tensor
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]

N_SEQUENCES, N_HEADS, N_TOKENS, D_HEAD = 2, 3, 7, 4
CAUSAL = torch.ones(N_TOKENS, N_TOKENS, dtype=torch.bool).tril()
BIAS = torch.linspace(-1, 1, N_HEADS * N_TOKENS**2).view(N_HEADS, N_TOKENS, N_TOKENS)
LOWEST = torch.finfo(torch.float32).min


def vectors() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (3, N_SEQUENCES, N_HEADS, N_TOKENS, D_HEAD)
    query, key, value = torch.randn(shape, generator=generator)
    return query, key, value


class Network(nn.Module):
    """One module that attends by a function."""

    def __init__(self, attend: Attend) -> None:
        super().__init__()
        self.attend = attend

    def forward(self, *parts: Tensor) -> Tensor:
        return self.attend(*parts)


def calls_of(attend: Attend, n_key_heads: list[int] | None = None) -> list[TracedCall]:
    calls: list[TracedCall] = []
    network = Network(attend)
    with torch.inference_mode():
        with trace(lambda _, call: calls.append(call), network, N_SEQUENCES, n_key_heads):
            network(*vectors())
    return calls


def fused(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1, N_TOKENS, D_HEAD)


def heads_last(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 1, 3)


def zeros_then_lowest(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    seen = CAUSAL.float()
    return ((q @ k.mT / 2) * seen - 1e4 * (1 - seen)).softmax(-1) @ v


def in_place(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = torch.bmm(fused(q), fused(k).mT)
    scores *= 0.5
    scores.masked_fill_(~CAUSAL, LOWEST)
    return torch.bmm(scores.softmax(-1), fused(v))


def keys_times_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = (0.5 * (k @ q.mT)).transpose(2, 3).masked_fill(~CAUSAL, -1e9)
    return (v.mT @ scores.softmax(-1).mT).mT


def added_to_product(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    bias = torch.zeros(1, N_TOKENS, N_TOKENS).masked_fill(~CAUSAL, LOWEST)
    bias = bias.expand(N_SEQUENCES * N_HEADS, -1, -1)
    return torch.baddbmm(bias, fused(q), fused(k).mT, alpha=0.5).softmax(-1) @ fused(v)


def sequences_last(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (one.permute(2, 0, 1, 3) for one in (q, k, v))
    scores = torch.einsum("ibnd,jbnd->ijbn", q, k).mul(0.5)
    scores = torch.where(CAUSAL[:, :, None, None], scores, -1e30)
    return torch.einsum("ijbn,jbnd->ibnd", scores.softmax(1), v)


def dispatched(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    attend = nn.functional.scaled_dot_product_attention
    return attend(fused(q), fused(k), fused(v), attn_mask=CAUSAL, scale=0.5)


WAYS: dict[str, Attend] = {
    "matmul": lambda q, k, v: ((q @ k.mT / 2).masked_fill(~CAUSAL, -1e9)).softmax(-1) @ v,
    "scaled queries": lambda q, k, v: (
        (q * 0.5).contiguous().matmul(k.transpose(-1, -2)).masked_fill(~CAUSAL, -1e9).softmax(-1)
        @ v
    ),
    "heads after tokens": lambda q, k, v: torch.einsum(
        "bnqk,bknd->bqnd",
        torch.einsum("bqnd,bknd->bnqk", heads_last(q) / 2, heads_last(k))
        .where(CAUSAL, LOWEST)
        .softmax(-1, dtype=torch.float32),
        heads_last(v),
    ),
    "in place, with axes in one": in_place,
    "keys times queries": keys_times_queries,
    "a product with an addend": added_to_product,
    "sequences after tokens": sequences_last,
    "a mask of zeros": zeros_then_lowest,
    "attention of pytorch": dispatched,
    "twice cast": lambda q, k, v: (
        (q.double() @ k.double().mT)
        .float()
        .div(2)
        .masked_fill(~CAUSAL, -1e9)
        .softmax(-1)
        .to(v.dtype)
        @ v
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_queries_keys_and_mask_are_found(name: str) -> None:
    query, key, value = vectors()
    (call,) = calls_of(WAYS[name])
    torch.testing.assert_close(call.query, query, check_dtype=False)
    torch.testing.assert_close(call.key, key, check_dtype=False)
    torch.testing.assert_close(call.value, value)
    assert call.scaling == pytest.approx(0.5)
    assert call.mask is not None
    seen = call.mask if call.mask.dtype == torch.bool else call.mask > -9e3
    assert torch.equal(seen.expand(N_SEQUENCES, N_HEADS, -1, -1)[-1, -1], CAUSAL)
    weights = (0.5 * query @ key.mT).masked_fill(~CAUSAL, -torch.inf).softmax(-1)
    torch.testing.assert_close(call.weights, weights)
    torch.testing.assert_close(call.output, (weights @ value).transpose(1, 2))


def test_soft_cap_and_bias_are_terms() -> None:
    (call,) = calls_of(lambda q, k, v: (30 * (q @ k.mT / 60).tanh() + BIAS).softmax(-1) @ v)
    assert (call.scaling, call.softcap) == (pytest.approx(0.5), 30)
    assert call.mask is not None
    assert torch.equal(call.mask.expand(N_SEQUENCES, -1, -1, -1)[1], BIAS)


def test_repeated_keys_are_given_once() -> None:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        k, v = (one[:, :1].expand_as(q) for one in (k, v))
        return (q @ k.mT).softmax(-1) @ v

    (call,) = calls_of(attend)
    assert call.key.shape[1] == call.value.shape[1] == 1
    (call,) = calls_of(WAYS["matmul"], n_key_heads=[N_HEADS])
    assert call.key.shape[1] == N_HEADS


OTHERS: dict[str, Attend] = {
    "a router": lambda q, k, v: (
        nn.functional.linear(q, torch.ones(N_TOKENS, D_HEAD)).softmax(-1) @ v
    ),
    "no values": lambda q, k, v: (q @ k.mT).softmax(-1) * 2,
    "over no side of the product": lambda q, k, v: (q @ k.mT).softmax(1) @ v,
    "no softmax": lambda q, k, v: (q @ k.mT) @ v,
    "another number of keys": lambda q, k, v: (q @ k[:, :, 1:].mT).softmax(-1) @ v[:, :, 1:],
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_attention_of_all_tokens_is_passed_over(name: str) -> None:
    assert calls_of(OTHERS[name]) == []


def by_position(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    to_place = q @ torch.ones(1, 1, D_HEAD, 2 * N_TOKENS).expand(N_SEQUENCES, N_HEADS, -1, -1)
    place = (torch.arange(N_TOKENS)[:, None] - torch.arange(N_TOKENS) + N_TOKENS).expand(
        N_SEQUENCES, N_HEADS, -1, -1
    )
    return (q @ k.mT + to_place.gather(-1, place)).softmax(-1) @ v


def changed_part(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = q @ k.mT
    part = scores[..., :2]
    part += 1
    return scores.softmax(-1) @ v


def copied_parts(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = torch.zeros(N_SEQUENCES, N_HEADS, N_TOKENS, N_TOKENS)
    scores[..., :3] = q @ k[:, :, :3].mT
    return scores.softmax(-1) @ v


REFUSED: dict[str, tuple[Attend, str]] = {
    "a second product": (
        lambda q, k, v: (q @ k.mT + k @ k.mT).softmax(-1) @ v,
        "layer 0: its scores also depend on content beyond q·k",
    ),
    "a product with positions": (by_position, "also depend on content beyond q·k"),
    "an exponent": (lambda q, k, v: (q @ k.mT).relu().softmax(-1) @ v, r"softmax \(relu\)"),
    "a part written in place": (changed_part, "also depend on an operation"),
    "parts put together": (copied_parts, "also depend on an operation"),
    "a filling that hides nothing": (
        lambda q, k, v: (q @ k.mT).masked_fill(~CAUSAL, -5.0).softmax(-1) @ v,
        r"softmax \(masked_fill\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_scores_that_depend_on_more_are_refused_with_what_was_found(name: str) -> None:
    attend, words = REFUSED[name]
    with pytest.raises(UnsupportedModelError, match=words):
        calls_of(attend)


def test_float64_reaches_the_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    network = Network(WAYS["matmul"])
    with Float64(), trace(lambda _, call: seen.append(call.query @ call.key.mT), network, 2):
        network(*vectors())
    assert seen[0].numpy().dtype == "float64"
