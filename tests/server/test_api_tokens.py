"""Tokens and sequences by the piece."""

import numpy as np
import pytest

from attentionviz.server.routes import tokens as routes

BASE = "/api/v1/datasets"


def array(answer) -> np.ndarray:
    assert answer.status_code == 200
    shape = [int(n) for n in answer.headers["X-Shape"].split(",")]
    return np.frombuffer(answer.data, dtype=answer.headers["X-Dtype"]).reshape(shape)


def test_codes_and_vocabulary_are_the_tokens(client):
    tokens = client.get(f"{BASE}/text/tokens").json
    vocabulary = client.get(f"{BASE}/text/tokens/vocabulary").json
    codes = array(client.get(f"{BASE}/text/tokens/code"))
    for name in ("text", "token_id", "token_type"):
        assert [vocabulary[name][code] for code in codes] == tokens[name]
    assert len(vocabulary["text"]) == len(set(zip(tokens["text"], tokens["token_id"], strict=True)))
    assert array(client.get(f"{BASE}/text/tokens/code?start=3&stop=5")).tolist() == list(codes[3:5])
    assert set(vocabulary["columns"]) == {
        *("tokens/code", "sequences/length", "sequences/code", "sequences/text_end")
    }
    hue = array(client.get(f"{BASE}/image/tokens/hue"))
    expected = client.get(f"{BASE}/image/tokens").json["hue"]
    assert [None if np.isnan(h) else pytest.approx(h) for h in hue] == expected


def test_texts_and_columns_come_by_sequence(client):
    sequences = client.get(f"{BASE}/text/tokens").json["sequences"]
    texts = array(client.get(f"{BASE}/text/sequences/text?start=1&stop=2")).tobytes().decode()
    assert texts == "".join(sequences["text"][1:2])
    ends = array(client.get(f"{BASE}/text/sequences/text_end"))
    assert ends[-1] == len("".join(sequences["text"]).encode())
    assert array(client.get(f"{BASE}/text/sequences/length")).tolist() == sequences["length"]
    values = client.get(f"{BASE}/text/sequences/columns").json["values"]["topic"]
    (codes,) = array(client.get(f"{BASE}/text/sequences/code"))
    assert [values[code] for code in codes] == sequences["columns"]["topic"]
    some = client.get(f"{BASE}/text/tokens?start=1&stop=2").json
    assert some["sequences"]["text"] == sequences["text"][1:2]
    assert some["sequence"] == [1] * sequences["length"][1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tokens/hue", 404),
        ("tokens/nothing", 404),
        ("sequences/target_text", 404),
        ("sequences/n_source", 404),
        ("tokens/code?start=5&stop=4", 400),
        ("tokens/code?stop=99999", 400),
        ("sequences/text?stop=99999", 400),
        ("tokens?start=1&stop=1", 400),
    ],
)
def test_pieces_that_there_are_not_are_refused(client, path, status):
    assert client.get(f"{BASE}/text/{path}").status_code == status


def test_json_of_a_large_corpus_is_asked_for_in_parts(client, monkeypatch):
    monkeypatch.setattr(routes, "MAX_TOKENS", 10)
    refused = client.get(f"{BASE}/text/tokens")
    assert refused.status_code == 400
    assert "by start and stop" in refused.json["error"]["message"]
