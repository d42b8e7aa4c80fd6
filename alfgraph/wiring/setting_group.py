"""Settings that belong together and are no part of a board: a rate, an annealing, an averaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from alfgraph.diagnostics.source import Source
from alfgraph.wiring.settings import setting_errors

if TYPE_CHECKING:  # a type checker takes no base that is computed
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr))
class _ToldMeta(ModelMetaclass):
    """Translates what pydantic refuses where a user's line makes one.

    Pydantic itself, when it validates a field, does not call the class: what it tries stays its own
    business.
    """

    def __call__(cls, *args: Any, **settings: Any) -> Any:
        """One of the class, or a SettingError at the user's line."""
        try:
            return super().__call__(*args, **settings)
        except ValidationError as error:
            kind: Any = cls
            raise setting_errors(kind, error, Source.of_caller()) from None


class SettingGroup(BaseModel, metaclass=_ToldMeta):
    """Frozen settings; a wrong one is told like a component's.

    Attributes (class):
        purpose: what it is plugged in for, as the subject of a sentence.
        example: how one is written as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    purpose: ClassVar[str] = "a group of settings"
    example: ClassVar[str] = "{}"
