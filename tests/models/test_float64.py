"""A network that runs in float64 without being converted does what its converted copy does."""

import copy
from collections.abc import Callable

import pytest
import torch
from tests.support.tiny_models import SENTENCES

from attentionviz import models
from attentionviz.models.exact import check_exactly
from attentionviz.models.float64 import Float64
from attentionviz.models.forward import run

Tiny = Callable[[str], models.LoadedModel]


def is_float64(tensor: torch.Tensor) -> bool:
    return tensor.dtype == torch.float64


def test_it_gives_what_a_converted_network_gives_and_leaves_the_weights_alone(tiny: Tiny) -> None:
    model = tiny("bert")
    inputs = model.prepare_texts(SENTENCES).inputs
    before = copy.deepcopy(model.network.state_dict())
    with Float64():
        found = run(model.network, inputs, model.device).last_hidden_state
    converted = copy.deepcopy(model.network).double()
    wanted = run(converted, inputs, model.device).last_hidden_state
    assert is_float64(found)
    assert (found - wanted).abs().max() < 1e-14
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {tensor.dtype for tensor in after.values()} == {torch.float32}


@pytest.mark.parametrize(
    "cast",
    [
        lambda x: x.float(),
        lambda x: x.half(),
        lambda x: x.to(torch.bfloat16),
        lambda x: x.to(x.dtype),
        lambda x: x.to(dtype=torch.float32),
        lambda x: x.type(torch.float32),
        lambda x: torch.softmax(x, -1, dtype=torch.float32),
        lambda x: x + torch.zeros(3, dtype=torch.float16),
        lambda x: torch.cat([x, x.float()]),
        lambda x: torch.nn.Linear(3, 3)(x),
        lambda x: x.float().add_(1),
        lambda x: torch.view_as_real(torch.view_as_complex(x.float()[:2].reshape(1, 2))),
    ],
)
def test_casts_of_a_network_do_not_round(cast: Callable[[torch.Tensor], torch.Tensor]) -> None:
    numbers = torch.tensor([1 / 3, 0.1, 1e-9], dtype=torch.float64)
    with Float64():
        found = cast(numbers)
        assert found.dtype == torch.float32  # what a network is told
    assert is_float64(found)
    assert not torch.equal(found, found.float().double())


def test_what_writes_into_a_tensor_writes_into_that_very_one() -> None:
    kept = torch.zeros(2, 2)
    with Float64():
        kept[0] = torch.full((2,), 1 / 3, dtype=torch.float64)
        kept += 1
        kept.mul_(torch.full((2,), 2.0, dtype=torch.float64))
    assert kept.dtype == torch.float32
    assert kept.flatten().tolist() == pytest.approx([8 / 3, 8 / 3, 2, 2])


def test_an_operation_without_float64_computes_in_float32_and_other_errors_are_raised() -> None:
    groups = torch.tensor([2, 4], dtype=torch.int32)
    with Float64():
        found = torch.nn.functional.grouped_mm(torch.ones(4, 8), torch.ones(2, 8, 8), offs=groups)
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            torch.ones(2, 3) @ torch.ones(2, 3)
        product = torch.full((1, 3), 1 / 3, dtype=torch.float64) @ torch.ones(3, 1)
    assert is_float64(found)
    assert found.unique().tolist() == [8.0]
    assert product.item() == pytest.approx(1.0, abs=1e-15)


def test_what_a_network_remembers_of_a_check_is_not_left_in_it(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.models.bert.modeling_bert import BertSelfAttention

    plain = BertSelfAttention.forward

    def forward(self: torch.nn.Module, hidden: torch.Tensor, **options: object) -> object:
        self.table = hidden  # as models with tables of angles do
        return plain(self, hidden, **options)

    monkeypatch.setattr(BertSelfAttention, "forward", forward)
    model = tiny("bert")
    check_exactly(model, model.prepare_texts(SENTENCES))
    assert not any(hasattr(module, "table") for module in model.network.modules())
