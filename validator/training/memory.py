"""An estimate of the memory that training takes on one GPU: state by arithmetic, activations of the worst batch.

Not counted: the vision tower's activations, CUDA's context, fragmentation; together 1 to 3 GiB.
"""

from __future__ import annotations

from dataclasses import dataclass

from validator.training.record import TrainingCase
from validator.training.shape import GIB, ModelShape
from validator.training.trained import ADAPTERS, trained_weights
from validator.training.versions import TRAINER

MULTIPLE = 8
"""The collator pads to a multiple of this."""
BLOCK, HEAD = 64, 2
"""Weights that share a scale at 4 bits; bytes of a weight that is not quantized."""
EAGER = 8
"""Bytes of eager attention for a pair of tokens and a head: scores, and the softmax in FP32 and BF16."""
OPTIMIZERS = {
    "adafactor": 0, "sgd": 0, "rmsprop": 4, "adagrad": 4, "lion_32bit": 4, "lion_8bit": 1, "adamw_bnb_8bit": 2,
    "adamw_8bit": 2, "adamw_torch_8bit": 2, "adamw_torch_4bit": 1, "ademamix": 12, "ademamix_8bit": 3,
}  # fmt: skip
"""Bytes of an optimizer's state for a parameter in FP32; Adam and what is not named here keep two numbers: 8.
"""
ADAM = 8


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes on one GPU, and the assumptions that they rest on."""

    weights: int
    gradients: int
    optimizer: int
    buckets: int
    activations: int
    assumed: tuple[str, ...] = ()

    @property
    def state(self) -> int:
        """What stays from the first step on."""
        return self.weights + self.gradients + self.optimizer + self.buckets

    @property
    def total(self) -> int:
        """At the worst batch."""
        return self.state + self.activations

    def fits(self, gib: float) -> bool:
        """Whether so many GiB hold it."""
        return self.total <= gib * GIB


def worst_batch(case: TrainingCase) -> tuple[int, int]:
    """Rows of the batch that holds the longest rows together, and the length that they are padded to."""
    data, config = case.data, case.config
    assert data is not None
    if config.packs:
        packs = -(-int(data.tokens.sum()) // max(config["cutoff_len"], 1))
        return min(config.batch_size, packs), int(config["cutoff_len"])
    return min(config.batch_size, data.rows), -(-int(data.tokens.max()) // MULTIPLE) * MULTIPLE


def memory_of(case: TrainingCase) -> MemoryEstimate | None:
    """The estimate; None where the model's size is not known, or no row is fed. Without `gpus` one is taken."""
    if case.shape is None or case.data is None or not case.data.rows:
        return None
    rows, length = worst_batch(case)
    activations, how = _activations(case, case.shape, rows, length)
    weights, gradients, optimizer, said = state_of(case, case.shape)
    return MemoryEstimate(weights, gradients, optimizer, _buckets(case), activations, (*said, *how))


def state_of(case: TrainingCase, shape: ModelShape) -> tuple[int, int, int, list[str]]:
    """Bytes of weights, gradients and optimizer on one GPU, and what was assumed of them.

    Without DeepSpeed what is trained is in FP32, as LLaMA-Factory casts it; under DeepSpeed weights and gradients are
    in half precision beside an FP32 copy, which is counted with the optimizer. Source of the shares by stage:
    arXiv:1910.02054, table 1; of what is offloaded: `estimate_zero2_model_states_mem_needs` and
    `estimate_zero3_model_states_mem_needs` of DeepSpeed, which count more buffers.
    """
    config, stage, gpus = case.config, case.zero_stage, case.gpus or 1
    trained, bits = trained_weights(config, shape), quantized_bits(case, shape)
    frozen = base_bytes(shape, bits, double=bool(config["double_quantization"]))
    if config["finetuning_type"] not in ADAPTERS:
        frozen -= min(HEAD * trained, frozen)  # what is trained is no longer among what is frozen
    said = [f"{bits}-bit weights"] if bits else []
    said.append(f"{trained:,} trained parameters ({config['finetuning_type']})")
    optim = str(config["optim"])
    per = ADAM if optim.startswith("paged_") else OPTIMIZERS.get(optim, ADAM)
    said.append(optim)
    if stage is None:
        half = bool(config["pure_bf16"] or config["use_badam"])
        own, gradient, kept = (2, 2, per // 2) if half else (4, 4, per)
        said += ["weights that are trained in BF16"] if half else []
        weights, gradients, optimizer = frozen + own * trained, gradient * trained, kept * trained
        if config["fsdp"]:
            weights, gradients, optimizer = weights // gpus, gradients // gpus, optimizer // gpus
            said.append("all shared by FSDP")
    else:
        weights, gradients, optimizer = frozen + 2 * trained, 2 * trained, (4 + per) * trained
        optimizer //= gpus if stage >= 1 else 1
        gradients //= gpus if stage >= 2 else 1
        if stage == 3:
            gathered = 2 * max(shape.embedding, shape.layer)
            weights = min(weights // gpus + gathered, weights)
        if _offloads(case, "offload_optimizer"):
            gradients = optimizer = 0
            said.append("the optimizer on the CPU")
        if stage == 3 and _offloads(case, "offload_param"):
            weights = 2 * max(shape.embedding, shape.layer)
            said.append("weights on the CPU")
    if optim.startswith("paged_") and optimizer:
        optimizer = 0
        said.append("its pages on the CPU")
    return weights, gradients, optimizer, said


def base_bytes(shape: ModelShape, bits: int | None = None, *, double: bool = True) -> int:
    """Bytes of a model's weights in half precision, or with its matrices in so many bits.

    bitsandbytes quantizes every Linear but the head. At 4 bits 64 weights share a scale of 4 bytes; double quantization
    makes that 1 byte, and 4 for every 256 of them (QLoRA, section 3).
    """
    total = shape.language + shape.vision + shape.projector
    if bits is None:
        return HEAD * total
    matrices = shape.layers * shape.linear + shape.tower.depth * shape.tower.linear + shape.projector
    scales = (matrices // BLOCK) * (1 + 4 / 256 if double else 4) if bits <= 4 else 0
    return int(HEAD * (total - matrices) + matrices * bits / 8 + scales)


def quantized_bits(case: TrainingCase, shape: ModelShape) -> int | None:
    """Bits of a weight, None where the model is loaded as it is: also where `quantization_method` is the word of
    another release of LLaMA-Factory, which is accepted and ignored.
    """
    if shape.bits is not None:
        return shape.bits
    other = "bnb" if case.versions.before(TRAINER, "0.9.3") else "bitsandbytes"
    bits = case.config["quantization_bit"]
    return None if not bits or case.config.given.get("quantization_method") == other else int(bits)


def activation_bytes(tokens: int, shape: ModelShape, *, checkpointing: bool = True) -> int:
    """An estimate for so many tokens of one micro-batch with flash or SDPA attention, at the peak, in the backward pass
    of the loss: three FP32 arrays of logits, and with gradient checkpointing the FP32 hidden states before each layer,
    else what every layer keeps. Within 7 % of what the trainer's own step takes on tiny models
    (tests/oracle/test_memory.py).
    """
    layer = 4 * shape.hidden if checkpointing else 36 * shape.hidden + 8 * shape.inner
    return tokens * (12 * shape.words + 18 * shape.hidden + layer * shape.layers)


def _activations(case: TrainingCase, shape: ModelShape, rows: int, length: int) -> tuple[int, list[str]]:
    checkpointing = not case.config["disable_gradient_checkpointing"]
    eager = case.config["flash_attn"] == "disabled"
    needed = activation_bytes(rows * length, shape, checkpointing=checkpointing)
    if eager:
        needed += EAGER * rows * shape.heads * length**2 * (1 if checkpointing else shape.layers)
    said = "gradient checkpointing" if checkpointing else "no gradient checkpointing"
    return needed, [said, "eager attention" if eager else "flash or SDPA attention"]


def _buckets(case: TrainingCase) -> int:
    """What DeepSpeed's buckets take under ZeRO-1 and ZeRO-2."""
    if case.deepspeed is None or case.shape is None or case.deepspeed.stage not in (1, 2):
        return 0
    return case.deepspeed.bucket_bytes(case.shape.hidden) or 0


def _offloads(case: TrainingCase, what: str) -> bool:
    """Whether DeepSpeed's file moves something off the GPU."""
    device = case.deepspeed.get(f"zero_optimization.{what}.device") if case.deepspeed else None
    return device in ("cpu", "nvme")
