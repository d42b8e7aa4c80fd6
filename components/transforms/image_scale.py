"""ImageScale: bytes become numbers between two limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from pydantic import model_validator

from alfgraph.components.transforms.observation_leaves import (
    Path,
    at_path,
    chosen_leaves,
    replace_leaves,
    with_value,
)
from alfgraph.families.transform import Transform
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.ports import In, Out

BYTE_MAX = 255.0


class ImageScale(Transform):
    """Turn uint8 images into float32: `x / 255 · (max - min) + min`.

    Networks scale bytes to [0, 1] by themselves; this is for other limits, and for parts that take
    floats only. A replay buffer keeps the bytes.

    Attributes:
        min: what 0 becomes.
        max: what 255 becomes.
        fields: dotted paths into the observation: tensors or whole branches; None: every uint8
            tensor. Others pass unchanged.

    Source: ALF's `ImageScaleTransformer`.
    """

    min: float = -1.0
    max: float = 1.0
    fields: tuple[str, ...] | None = None

    observation = In("observation[*batch]", role="observation")
    out = Out("scaled[*batch]", role="observation")

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min={self.min:g} is not below max={self.max:g}")
        return self

    def derive(self, observation: Spec) -> Mapping[str, Spec]:
        """The spec of what comes out: the same tree, float32 within the limits."""
        images = chosen_leaves(observation, self.fields, _is_image, "uint8 image")
        changed: dict[Path, Spec] = {
            path: TensorSpec(dtype="float32", sample=leaf.sample, low=self.min, high=self.max)
            for path, leaf in images
        }
        return {"scaled": replace_leaves(observation, changed)}

    def forward(self, observation: Any) -> Any:
        """[*batch, ...] observation -> the same tree with scaled images."""
        if self.fields is None:
            return self._every(observation)
        for field in self.fields:
            path = tuple(field.split("."))
            observation = with_value(observation, path, self._every(at_path(observation, path)))
        return observation

    def _every(self, tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: self._every(part) for name, part in tree.items()}
        if tree.dtype != torch.uint8:
            return tree
        return tree * ((self.max - self.min) / BYTE_MAX) + self.min


def _is_image(spec: TensorSpec) -> bool:
    return spec.dtype == "uint8"
