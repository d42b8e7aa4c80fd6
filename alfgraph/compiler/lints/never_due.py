"""What a run's numbers leave out: updates that never come, evaluations that never come due."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.plan import SchedulePlan
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.repairs.calls import changed_argument
from alfgraph.wiring.component import Component


def warn_of_what_never_comes(draft: Draft, plan: SchedulePlan) -> None:
    """W503 where a whole run trains nothing, W504 where an interval is longer than the run."""
    if plan.iterations is None:
        return
    if plan.updates == 0 and any(True for s in draft.sections if s.phase == "update"):
        draft.reporter.report(_never_trains(draft, plan.iterations, plan.env_steps or 0))
    for name in ("eval_interval", "summary_interval"):
        interval = getattr(draft.trainer, name, None)
        if interval and interval > plan.iterations and _is_set(draft.trainer, name):
            draft.reporter.report(_never_due(draft, name, interval, plan.iterations))


def _never_trains(draft: Draft, iterations: int, env_steps: int) -> Diagnostic:
    initial = int(getattr(draft.collection, "initial_collect_steps", 0) or 0)
    reason = f"; the first {initial:,} only fill the buffer" if initial else ""
    part = draft.collection
    return Diagnostic(
        code="W503",
        message=f"nothing is ever trained: the run ends after {iterations:,} iterations, "
        f"{env_steps:,} env steps{reason}",
        source=part.created_at if part is not None else None,
        help=(Help(text="collect less before the first update, or run longer"),),
        path=part.socket_path if part is not None else "",
        about=("initial_collect_steps",) if initial else (),
    )


def _never_due(draft: Draft, name: str, interval: int, iterations: int) -> Diagnostic:
    made = draft.trainer.created_at
    kept = " but the one at its end" if name == "eval_interval" else ""
    what = "evaluation" if name == "eval_interval" else "summary"
    return Diagnostic(
        code="W504",
        message=f"{name}={interval} is longer than the run of {iterations:,} iterations, so no "
        f"{what} comes due{kept}",
        source=made.argument(name) if made else None,
        help=(
            Help(
                text=f"{name}={max(1, iterations // 10)} gives ten",
                edits=changed_argument(made, name, str(max(1, iterations // 10))),
            ),
        ),
        path=draft.trainer.socket_path,
        about=(name,),
    )


def _is_set(part: Component, name: str) -> bool:
    return part.is_bound and name in part.binding.original.model_fields_set
