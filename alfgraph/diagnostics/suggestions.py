"""What a user may have meant: the nearest name, and short lists of the names there are."""

import difflib
from collections.abc import Iterable, Mapping

_ELSEWHERE: dict[str, set[str]] = {}
"""What other libraries call a setting, folded -> what it may be called here."""

_SHORTEST_PART = 3  # letters of a word that may stand for a longer one


def called_elsewhere(names: Mapping[str, Iterable[str]]) -> None:
    """Tell what other libraries call a setting; it is then found under those names too.

    Args:
        names: for every setting, its names elsewhere.
    """
    for here, others in names.items():
        for other in others:
            _ELSEWHERE.setdefault(_fold(other), set()).add(here)


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate a misspelt word most likely stands for, or None if none is near.

    Case, underscores, hyphens and spaces do not count: `num-envs`, `NumEnvs` and `num_envs` are the
    same word; what other libraries call a setting counts too, where that was told
    (`called_elsewhere`). A candidate that begins or ends with
    the word wins over a merely similar one, so `logprob` finds `log_prob` and `env` finds
    `environment`.
    """
    names = [name for name in candidates if name != word]
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(_fold(name), name)
    wanted = _fold(word)
    if wanted in folded:
        return folded[wanted]
    known = _ELSEWHERE.get(wanted, set()).intersection(names)
    if known:
        return min(known)
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.7)
    if near:
        return folded[near[0]]
    if len(wanted) >= _SHORTEST_PART:
        longer = [key for key in folded if key.startswith(wanted) or key.endswith(wanted)]
        if longer:
            return folded[min(longer, key=len)]
    far = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[far[0]] if far else None


def listing(candidates: Iterable[str], limit: int = 8) -> str:
    """Names for a sentence: "`a`, `b` and `c`"; beyond `limit`, how many more there are."""
    names = [f"`{name}`" for name in candidates]
    if not names:
        return "none"
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _fold(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in "_- ")
