"""The names and shapes that a checkpoint is compared with are those of the real model."""

from contextlib import closing

from tests.environments import needs_replay
from validator.checkpoint.audit import audit
from validator.checkpoint.names import HEAD, expected

pytestmark = needs_replay


def test_names_and_shapes_are_the_models():
    from validator.replaying.model import scale_model

    model = scale_model()
    weights = {name: tuple(value.shape) for name, value in model.state_dict().items() if name != HEAD}
    assert expected(model.config.to_dict()) == weights


def test_a_saved_model_is_sound(tmp_path):
    from validator.replaying.model import scale_model

    scale_model().save_pretrained(tmp_path, max_shard_size="8MB")
    facts = audit(tmp_path, tmp_path)
    assert not facts.problems and not facts.missing and not facts.unknown and not facts.misshapen
    assert len(facts.attention) == 2 and all(layer.growth == 1 for layer in facts.attention)
    assert {tensor.drift for tensor in facts.tensors} == {0.0}


def test_logits_are_those_of_torch(tmp_path):
    import torch

    from validator.checkpoint.attention import largest_logits
    from validator.checkpoint.shards import open_shards
    from validator.checkpoint.stream import Reader
    from validator.replaying.model import scale_model

    model = scale_model()
    model.save_pretrained(tmp_path)
    layer = model.model.language_model.layers[1]
    scale = layer.input_layernorm.weight
    queries = (layer.self_attn.q_proj.weight * scale).double().reshape(2, 16, 32)
    keys = (layer.self_attn.k_proj.weight * scale).double().reshape(1, 16, 32)
    exact = [torch.linalg.matrix_norm(query.T @ keys[0], 2).item() for query in queries]
    with closing(Reader()) as reader:
        found = largest_logits(open_shards(tmp_path), reader, 1, 16)
    assert abs(found / exact - 1).max() < 0.01
