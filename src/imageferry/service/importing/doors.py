"""A door's plan as its provider wants it: other steps, another order, limits of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from imageferry.domain.errors import BadInput, TooLarge
from imageferry.domain.task import State
from imageferry.service.plans import Plan, Step, StepContext


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrangement:
    """``order``: names of steps, by ``domain.pipeline.order_of``; its first stands for the plan's own first."""

    order: Sequence[str]
    max_bytes: int  # of a file, and of what comes out of a packed one
    step_s: float = 0.0  # that each step may take; 0: as the step says itself

    def of(self, plan: Plan, own: Sequence[Step]) -> Plan:
        """The plan in that order; what is not in it is kept for tasks that have begun already."""
        first, *others = [*plan.steps, *own]
        steps = {step.name: self._limited(step) for step in others}
        ordered = (self._limited(self._begun(first)), *(steps.pop(name) for name in self.order[1:]))
        return replace(plan, steps=ordered, spare=tuple(steps.values()))

    def _begun(self, first: Step) -> Step:
        """Where nothing is unpacked, a promise about unpacked bytes cannot be kept, so it is not taken."""
        if "unpack" in self.order:
            return first

        def run(context: StepContext) -> State:
            promised = context.task.input.get("unpacked_digest")
            if promised:
                raise BadInput("digest of the unpacked bytes", promised, "none: nothing is unpacked here")
            return first.run(context)

        return replace(first, run=run)

    def _limited(self, step: Step) -> Step:
        run = self._measured(step.run) if step.name in _BRINGING else step.run
        return replace(step, run=run, limit_s=self.step_s or step.limit_s)

    def _measured(self, run: Callable[[StepContext], State]) -> Callable[[StepContext], State]:
        def measured(context: StepContext) -> State:
            state = run(context)
            size = sum(stop - start for _, start, stop in state["source"])
            if size > self.max_bytes:
                advice = "Make it smaller, or ask the administrator for a higher limit."
                raise TooLarge("the disk's file", self.max_bytes, size, advice=advice)
            return state

        return measured


_BRINGING = frozenset({"locate", "fetch", "unpack"})
"""Steps after which there are other bytes than before."""
