"""How one environment is made and seen: id or function, wrappers, time limit, action scaling."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import gymnasium

from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.suggestions import did_you_mean, listing

T = TypeVar("T")
AnyEnv: TypeAlias = gymnasium.Env[Any, Any]
AnyVectorEnv: TypeAlias = gymnasium.vector.VectorEnv[Any, Any, Any]

EXTRAS = {
    "box2d": "box2d",
    "mujoco": "mujoco",
    "ale_py": "atari",
    "gymnasium_robotics": "robotics",
}
"""Package that an environment needs -> the extra of alfgraph that installs it."""

NAMESPACES = {"ALE": ("ale_py", "atari")}
"""Namespace of ids -> the module that registers them, and the extra that installs it."""

_NO_SUCH_ID = ("No registered env with id", "Malformed environment ID")

_SERIAL = Help(
    text='`vectorization="serial"` makes one environment after the other',
    retype=Retype(given="vectorization", instead='"serial"'),
)

UNLIMITED = 2**31 - 1
"""Steps of an episode without a time limit, for native vector environments, which want a number."""


@dataclasses.dataclass(frozen=True, slots=True)
class EnvRecipe:
    """What is needed to make the same environment again, in this process or in another.

    Attributes:
        id: Gymnasium's id, optionally `module:Id-v0`; with `make` only a name for messages.
        kwargs: Arguments of the environment's constructor.
        wrappers: Functions applied to the environment, innermost first.
        make: Makes the environment instead of `gymnasium.make(id)`.
        max_episode_steps: Time limit; None: the registered one, 0: no limit.
        normalize_action: Bounded continuous actions are [-1, 1] on the board.
        clip_action: Clip continuous actions into the environment's bounds.
        info_keys: Keys of the info dictionary that are handed on, some with `@step` or `@max`.
        reward_shape: Shape of a vector reward, `()` for a scalar.
    """

    id: str
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    wrappers: tuple[Callable[[AnyEnv], AnyEnv], ...] = ()
    make: Callable[..., AnyEnv] | None = None
    max_episode_steps: int | None = None
    normalize_action: bool = True
    clip_action: bool = True
    info_keys: tuple[str, ...] = ()
    reward_shape: tuple[int, ...] = ()

    @property
    def info_fields(self) -> tuple[str, ...]:
        """The keys as the info dictionary spells them."""
        return tuple(dict.fromkeys(map(info_field, self.info_keys)))

    def single(self) -> AnyEnv:
        """Makes one environment, wrapped.

        Raises:
            SettingError: If the id is unknown, a package is missing or the constructor fails.
        """
        return self._guarded(self._wrapped)

    def _wrapped(self) -> AnyEnv:
        env = self._custom() if self.make is not None else self._registered()
        for wrapper in self.wrappers:
            env = wrapper(env)
        return env

    @property
    def label(self) -> str:
        """What messages call the environment: its id, or the function that makes it."""
        if self.make is None:
            return self.id
        return getattr(self.make, "__qualname__", repr(self.make))

    def native(self, num_envs: int) -> AnyVectorEnv:
        """Makes the natively vectorised form of the environment.

        Raises:
            SettingError: If there is none, or it cannot be made.
        """
        self.check_native()
        kwargs = dict(self.kwargs)
        if self.max_episode_steps is not None:
            kwargs["max_episode_steps"] = self.max_episode_steps or UNLIMITED
        env: AnyVectorEnv = self._guarded(
            lambda: gymnasium.make_vec(
                self.id, num_envs, vectorization_mode="vector_entry_point", **kwargs
            )
        )
        mode = env.metadata.get("autoreset_mode")
        if mode != gymnasium.vector.AutoresetMode.NEXT_STEP:
            env.close()
            raise SettingError(
                f"the native vector form of `{self.id}` resets in mode {mode}, not NEXT_STEP",
                help=_SERIAL,
                about=("vectorization",),
            )
        return env

    def check_native(self) -> None:
        """Stop where there is no natively vectorised form.

        Raises:
            SettingError: E302, there is none.
        """
        if not self.is_native():
            raise SettingError(
                f"environment `{self.label}` has no native vector form that fits these settings "
                "(wrappers and `make` rule it out)",
                code="E302",
                help=_SERIAL,
                about=("vectorization",),
            )

    def is_native(self) -> bool:
        """Tells whether Gymnasium registers a native vector form that these settings can use."""
        if self.make is not None or self.wrappers:
            return False
        spec = self._guarded(self._spec)
        return spec.vector_entry_point is not None and not spec.additional_wrappers

    def _registered(self) -> AnyEnv:
        limit = -1 if self.max_episode_steps == 0 else self.max_episode_steps
        # Gymnasium's checks at every step cost time; the board and our loop make them needless.
        spec = dataclasses.replace(self._spec(), order_enforce=False)
        return gymnasium.make(
            spec, max_episode_steps=limit, disable_env_checker=True, **self.kwargs
        )

    def _custom(self) -> AnyEnv:
        assert self.make is not None
        env = self.make(**self.kwargs)
        if self.max_episode_steps:
            env = gymnasium.wrappers.TimeLimit(env, self.max_episode_steps)
        return env

    def _spec(self) -> gymnasium.envs.registration.EnvSpec:
        module, _, name = self.id.rpartition(":")
        if module:
            importlib.import_module(module)
        return gymnasium.spec(name)

    def _guarded(self, make: Callable[[], T]) -> T:
        """Calls `make`; turns its failures into sentences that name the fix."""
        try:
            return make()
        except SettingError:
            raise
        except (
            gymnasium.error.NameNotFound,
            gymnasium.error.NamespaceNotFound,
            gymnasium.error.VersionNotFound,
            gymnasium.error.DeprecatedEnv,
            gymnasium.error.UnregisteredEnv,
        ) as error:
            raise _unknown_id(self.id, error) from error
        except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
            raise _missing_package(self.label, error) from error
        except gymnasium.error.Error as error:
            if self.make is None and any(words in str(error) for words in _NO_SUCH_ID):
                raise _unknown_id(self.id, error) from error
            raise self._failed(error) from error
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> SettingError:
        unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if isinstance(error, TypeError) and unknown and unknown[1] in self.kwargs:
            return self._unknown_argument(unknown[1])
        return SettingError(
            f"environment `{self.label}` cannot be made: {type(error).__name__}: {error}",
            code="E605",
            help="`kwargs` are the arguments of its constructor" if self.kwargs else "",
            about=("make", "id", "kwargs", "wrappers"),
        )

    def _unknown_argument(self, name: str) -> SettingError:
        """E605: the constructor takes no such argument; those that it takes."""
        maker: Any = self.make if self.make is not None else self._spec().entry_point
        if isinstance(maker, str):
            maker = gymnasium.envs.registration.load_env_creator(maker)
        known = [word for word in inspect.signature(maker).parameters if word != "render_mode"]
        near = did_you_mean(name, known)
        rest = {key: value for key, value in self.kwargs.items() if key != name}
        if near:
            rest[near] = self.kwargs[name]
        text = f"did you mean `{near}`?" if near else f"leave `{name}` out"
        takes = f"it takes {listing(known)}" if known else "it takes none"
        fix = Help(text=f"{text} {takes}" if near else f"{text}: {takes}", retype=_as_kwargs(rest))
        return SettingError(
            f"environment `{self.label}` takes no argument `{name}`, which `kwargs` gives",
            code="E605",
            help=fix,
            about=(f"kwargs.{name}",),
        )


def _as_kwargs(kwargs: Mapping[str, Any]) -> Retype | None:
    """The arguments as one writes them, where all are plain values."""
    if all(isinstance(value, bool | int | float | str) for value in kwargs.values()):
        return Retype(given="kwargs", instead=repr(dict(kwargs)).replace("'", '"'))
    return None


def _unknown_id(env_id: str, error: Exception) -> SettingError:
    """Says that an id is not registered, with the closest one that is."""
    _, _, name = env_id.rpartition(":")
    namespace, _, _ = name.rpartition("/")
    if namespace in NAMESPACES and name == env_id:
        module, extra = NAMESPACES[namespace]
        return SettingError(
            f"no environment `{env_id}` is registered in Gymnasium before {module} is imported",
            code="E306",
            help=_renamed(
                f"`{module}:{env_id}`, after pip install 'alfgraph[{extra}]'", f"{module}:{env_id}"
            ),
            about=("id",),
        )
    stem = name.partition("-v")[0].casefold()
    known = list(gymnasium.registry)
    versions = [known_id for known_id in known if known_id.partition("-v")[0].casefold() == stem]
    close = versions[-1] if versions else did_you_mean(name, known)
    return SettingError(
        f"no environment `{env_id}` is registered in Gymnasium",
        code="E306",
        help=_renamed(f"did you mean `{close}`?", close)
        if close
        else "`module:Id-v0` first imports the module that registers the id",
        about=("id",),
    )


def _renamed(text: str, env_id: str) -> Help:
    return Help(text=text, retype=Retype(given="id", instead=f'"{env_id}"'))


def _missing_package(env_id: str, error: BaseException) -> SettingError:
    """Says which package an environment lacks and how to install it."""
    seen: BaseException | None = error
    texts = []
    while seen is not None:
        texts.append(f"{getattr(seen, 'name', '') or ''} {seen}".lower())
        seen = seen.__cause__ or seen.__context__
    for package, extra in EXTRAS.items():
        if any(package in text for text in texts):
            return SettingError(
                f"environment `{env_id}` needs the package {package}, which is not installed",
                code="E305",
                help=f"pip install 'alfgraph[{extra}]'",
                about=("make", "id"),
            )
    return SettingError(
        f"environment `{env_id}` needs a package that is not installed: {error}",
        code="E305",
        help="install it beside alfgraph",
        about=("make", "id"),
    )


def info_field(name: str) -> str:
    """The key of the info dictionary without what says how an episode is summed up."""
    return name.removesuffix("@step").removesuffix("@max")
