"""The modern decoder: PyTorch and Keras are one, laws hold, and it can be saved."""

import itertools

import numpy as np
import pytest
import torch

from utils import language_model

SIZES = (11, 16, 2, 4, 2, 20)
OLD = {"norm": "layer", "positions": "learned", "feedforward": "gelu", "bias": True}
KINDS = [
    {},
    {**OLD, "tied": False},
    {"positions": "alibi", "bias": True},
    {"positions": "none", "norm": "layer", "tied": False},
]


def drawn(seed=0, **options):
    """A float64 model whose parameters all differ from their start, and ids."""
    torch.manual_seed(seed)
    net = language_model.LanguageModel(*SIZES, context=12, **options).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return net, torch.from_numpy(np.random.default_rng(seed).integers(0, 11, (2, 9)))


@pytest.mark.parametrize("options", KINDS)
def test_what_comes_later_changes_nothing_before(options):
    net, ids = drawn(**options)
    other = ids.clone()
    other[:, 6:] = (other[:, 6:] + 1) % 11
    before, after = net(ids), net(other)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("pieces", [[4, 1, 1, 3], [1] * 9, [9], [2, 7]])
def test_the_cache_gives_what_the_whole_text_gives(options, pieces):
    net, ids = drawn(**options)
    parts, cache, start = [], (), 0
    for length in pieces:
        logits, cache = net(ids[:, start : start + length], cache)
        parts.append(logits)
        start += length
    torch.testing.assert_close(torch.cat(parts, dim=1), net(ids))
    assert len(cache) == 2
    assert cache[0][0].shape == (2, 2, 9, 4)  # kv_heads, not heads


def test_names_and_shapes_are_those_of_the_published_model():
    net = language_model.LanguageModel(512, 64, 5, 8, 4, 172, context=512)
    shapes = {name: tuple(a.shape) for name, a in net.named_parameters()}
    assert sum(a.numel() for a in net.parameters()) == 260_032
    assert shapes["tok_embeddings.weight"] == (512, 64)
    assert shapes["layers.4.attention.wk.weight"] == (32, 64)
    assert shapes["layers.0.feed_forward.w2.weight"] == (64, 172)
    assert "output.weight" not in shapes, "tied"
    assert {"layers.0.attention_norm.weight", "norm.weight"} <= set(shapes)
    assert not any(name.endswith("bias") for name in shapes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rotary_scores_depend_on_the_distance_only(dtype):
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 8, dtype=dtype).unbind()
    scores = [
        (language_model.rotate(q, t + 3) * language_model.rotate(k, t)).sum()
        for t in (0, 1, 20)
    ]
    assert scores[0].dtype == dtype
    for score in scores[1:]:
        torch.testing.assert_close(score, scores[0], rtol=0, atol=2e-5)
    near = (language_model.rotate(q, 2) * language_model.rotate(k, 0)).sum()
    assert abs(near - scores[0]) > 1e-3
    torch.testing.assert_close(language_model.rotate(q), q)


def test_the_first_pair_is_of_neighbours_and_turns_by_one():
    x = torch.zeros(2, 4, dtype=torch.float64)
    x[:, 0] = 1
    expected = [[1, 0, 0, 0], [np.cos(1), np.sin(1), 0, 0]]
    np.testing.assert_allclose(language_model.rotate(x), expected, atol=1e-12)


def test_matrices_start_as_large_as_they_are_told():
    for std in (0.02, 0.1):
        torch.manual_seed(0)
        net = language_model.LanguageModel(300, 64, 8, 4, 2, 128, 12, std=std)
        assert abs(net.tok_embeddings.weight.std() / std - 1) < 0.05
        first = net.layers[0]
        assert abs(first.attention.wq.weight.std() / std - 1) < 0.05
        assert abs(first.attention.wo.weight.std() / (std / 4) - 1) < 0.05


def test_gradients_reach_every_parameter_and_a_step_lowers_the_loss():
    for options in KINDS:
        net, ids = drawn(**options)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

        def loss(net=net, ids=ids):
            logits = net(ids[:, :-1])
            return torch.nn.functional.cross_entropy(logits.mT, ids[:, 1:])

        first = loss()
        first.backward()
        for name, parameter in net.named_parameters():
            assert parameter.grad.abs().max() > 0, name
        optimizer.step()
        assert loss() < first


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"width": 0}, "width is 0; give a whole number from 1 up"),
        ({"depth": 2.5}, "depth is 2.5; give a whole number"),
        ({"heads": True}, "heads is True; give a whole number"),
        ({"heads": 3}, "heads is 3, which does not divide width 16"),
        ({"kv_heads": 3}, "kv_heads is 3, which does not divide heads 4"),
        ({"heads": 16, "kv_heads": 16}, "A head has 1 numbers; rotary positions need"),
        ({"std": 0.0}, "std is 0.0; give a positive number"),
        ({"norm": "batch"}, "norm is 'batch'; give one of rms, layer"),
        ({"positions": None}, "positions is None; give one of rotary, learned, alibi"),
    ],
)
def test_bad_arguments_get_a_sentence(changed, message):
    names = ("vocabulary", "width", "depth", "heads", "kv_heads", "hidden")
    given = {**dict(zip(names, SIZES, strict=True)), "context": 12, **changed}
    with pytest.raises(ValueError, match=message):
        language_model.LanguageModel(**given)


def test_learned_positions_end_and_the_others_do_not():
    ids = torch.zeros(1, 13, dtype=torch.long)
    with pytest.raises(ValueError, match="13 places, but learned positions for 12"):
        drawn(**OLD)[0](ids)
    net, _ = drawn(**OLD)
    _, cache = net(ids[:, :12], ())
    with pytest.raises(ValueError, match="13 places"):
        net(ids[:, 12:], cache)
    for options in ({}, {"positions": "alibi"}, {"positions": "none"}):
        assert drawn(**options)[0](ids).shape == (1, 13, 11)


@pytest.mark.parametrize("options", KINDS)
def test_keras_computes_the_same_with_a_cache_and_without(options):
    keras = pytest.importorskip("keras")
    from utils import language_model_keras

    net, ids = drawn(**options)
    twin = language_model_keras.LanguageModel(**net.config, dtype="float64")
    language_model_keras.copy_weights(net, twin)
    expected = net(ids).detach().numpy()
    found = keras.ops.convert_to_numpy(twin(ids.numpy()))
    # Keras on PyTorch computes parts of a float64 model in float32.
    atol = 1e-7 if keras.backend.backend() == "tensorflow" else 2e-5
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)

    parts, cache = [], ()
    for low, high in itertools.pairwise((0, 4, 5, 9)):
        logits, cache = twin(ids.numpy()[:, low:high], cache=cache)
        parts.append(keras.ops.convert_to_numpy(logits))
    np.testing.assert_allclose(
        np.concatenate(parts, axis=1), expected, rtol=0, atol=atol
    )


def test_keras_model_survives_saving_and_learns(tmp_path):
    keras = pytest.importorskip("keras")
    from utils import language_model_keras

    keras.utils.set_random_seed(0)
    twin = language_model_keras.LanguageModel(*SIZES, context=12)
    ids = np.random.default_rng(0).integers(0, 11, (8, 9))
    twin.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = twin.fit(ids[:, :-1], ids[:, 1:], epochs=5, batch_size=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    before = keras.ops.convert_to_numpy(twin(ids))
    twin.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.config == twin.config
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(ids)), before)


def test_copying_says_which_models_differ():
    pytest.importorskip("keras")
    from utils import language_model_keras

    twin = language_model_keras.LanguageModel(*SIZES, context=13)
    with pytest.raises(ValueError, match=r"The model is .*context=13"):
        language_model_keras.copy_weights(drawn()[0], twin)
