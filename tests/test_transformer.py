"""The Transformer's block: three builds agree, laws hold, and it can be saved."""

import re

import numpy as np
import pytest

from utils import equivalence, gradcheck, transformer


def drawn(cross, seed=0):
    """A float64 PyTorch block with its arrays, an input and a memory."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    module = transformer.torch_block(6, 2, 10, cross).double()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.from_numpy(rng.normal(size=parameter.shape)) * 0.3)
    memory = rng.normal(size=(2, 5, 6)) if cross else None
    return module, transformer.block_params(module), rng.normal(size=(2, 4, 6)), memory


@pytest.mark.parametrize("cross", [False, True])
def test_numpy_block_equals_pytorch_forwards_and_backwards(cross):
    torch = pytest.importorskip("torch")
    module, p, x, memory = drawn(cross)
    mask, real = np.tri(4, dtype=bool), np.arange(5) < np.array([[5], [3]])
    leaf = torch.tensor(x, requires_grad=True)
    seen = [leaf, torch.from_numpy(mask)]
    arguments = [x, p, 2, mask]
    if cross:
        held = torch.tensor(memory, requires_grad=True)
        seen += [None, held, torch.from_numpy(real)]
        arguments += [memory, real[:, None, :]]
    output = module(*seen)
    y, cache = transformer.block(*arguments)
    np.testing.assert_allclose(y, output.detach().numpy(), rtol=1e-9, atol=1e-12)

    upstream = np.random.default_rng(1).normal(size=x.shape)
    (output * torch.from_numpy(upstream)).sum().backward()
    dx, dmemory, grads = transformer.block_backward(upstream, cache)
    np.testing.assert_allclose(dx, leaf.grad.numpy(), rtol=1e-8, atol=1e-12)
    if cross:
        np.testing.assert_allclose(dmemory, held.grad.numpy(), rtol=1e-8, atol=1e-12)
    else:
        assert dmemory is None
    for mine, theirs in (
        (grads["ff1"][0].T, module.feed_forward[0].weight),
        (grads["norm3"][0], module.norm3.weight),
        (grads["self"][3].T, module.attention.out_proj.weight),
    ):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), rtol=1e-8, atol=1e-12)


def test_gradients_of_every_array_agree_with_central_differences():
    _, p, x, memory = drawn(cross=True)
    p = {name: [array.copy() for array in arrays] for name, arrays in p.items()}
    upstream = np.random.default_rng(1).normal(size=x.shape)
    _, cache = transformer.block(x, p, 2, memory=memory)
    dx, dmemory, grads = transformer.block_backward(upstream, cache)
    checked = {"x": (x, dx), "memory": (memory, dmemory)}
    for name, arrays in p.items():
        for i, pair in enumerate(zip(arrays, grads[name], strict=True)):
            checked[f"{name} {i}"] = pair
    gradcheck.check_gradients(
        lambda: (upstream * transformer.block(x, p, 2, memory=memory)[0]).sum(), checked
    )


def test_the_future_does_not_move_the_past():
    _, p, x, _ = drawn(cross=False)
    mask, later = np.tri(4, dtype=bool), x.copy()
    later[:, 3] += 1
    before, after = (transformer.block(a, p, 2, mask)[0] for a in (x, later))
    np.testing.assert_allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not np.allclose(before[:, 3], after[:, 3])


@pytest.mark.parametrize("cross", [False, True])
def test_keras_block_equals_pytorch_and_survives_saving(cross, tmp_path):
    torch = pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    torch.manual_seed(0)
    module = transformer.torch_block(8, 2, 12, cross)
    x = keras.Input((4, 8))
    memory = keras.Input((5, 8)) if cross else None
    layer = transformer.keras_block(8, 2, 12, cross)
    y = layer(x, causal=True, memory=memory)
    inputs = [x, memory] if cross else x
    model = keras.Model(inputs, y)
    equivalence.copy_weights(module, model)

    rng = np.random.default_rng(0)
    given = [rng.normal(size=(3, t, 8)).astype("float32") for t in (4, 5)]
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    with torch.no_grad():
        held = torch.from_numpy(given[1]) if cross else None
        expected = module(torch.from_numpy(given[0]), mask, None, held).numpy()
    given = given if cross else given[0]
    found = model.predict(given, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    model.save(tmp_path / "block.keras")
    again = keras.saving.load_model(tmp_path / "block.keras")
    np.testing.assert_allclose(again.predict(given, verbose=0), found, atol=1e-6)


def test_sinusoids_are_pairs_on_circles_and_products_know_the_distance_only():
    e = transformer.sinusoids(20, 12)
    np.testing.assert_allclose(e[:, 0::2] ** 2 + e[:, 1::2] ** 2, 1, atol=1e-12)
    products = e @ e.T
    np.testing.assert_allclose(products[1:, 1:], products[:-1, :-1], atol=1e-12)
    np.testing.assert_allclose(e[3, :2], [np.sin(3), np.cos(3)], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: transformer.sinusoids(4, 5), "width is 5"),
        (lambda: transformer.sinusoids(0, 4), "length is 0"),
        (lambda: transformer.torch_block(6, 4, 8), "n_heads is 4"),
        (lambda: transformer.torch_block(6, 2, 0), "hidden is 0"),
        (lambda: transformer.keras_block(6.0, 2, 8), "width is 6.0"),
        (lambda: transformer.block(np.zeros((1, 2, 4)), {}, 2), "p lacks norm1"),
    ],
)
def test_a_wrong_argument_is_named(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()


def test_importing_it_loads_no_framework():
    import subprocess
    import sys

    code = (
        "import sys, utils.transformer; "
        "print([m for m in ('torch', 'keras', 'tensorflow') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
