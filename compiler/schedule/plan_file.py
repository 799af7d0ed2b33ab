"""What was decided about a network's programs, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from compiler.memory.memory_map import FORMAT, dump_json, load_json
from compiler.memory.problem import Placement
from compiler.schedule.decisions import Decisions
from compiler.schedule.plain_data import decoded, encoded
from compiler.schedule.problem_file import digest
from compiler.schedule.program_plan import ProgramPlan

KIND = "schedule"


def plans_to_json(problem: str, plans: Sequence[ProgramPlan]) -> str:
    """Canonical text; `problem` is the digest of the problem that the plans solve."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "problem": problem,
        "programs": [
            {
                "decisions": encoded(plan.decisions),
                "starts": list(plan.starts),
                "l1": asdict(plan.l1),
                "arena": asdict(plan.arena),
            }
            for plan in plans
        ],
    }
    return dump_json({**data, "digest": digest(dump_json(data))})


def plans_from_json(text: str) -> tuple[str, tuple[ProgramPlan, ...]]:
    """The digest of the problem, and a plan for each of its graphs.

    Raises ValueError, KeyError or TypeError if the text is not of that form.
    """
    data = load_json(text, KIND)
    if data.get("kind") != KIND:
        raise ValueError(f"not a {KIND}")
    if data.pop("digest") != digest(dump_json(data)):
        raise ValueError("the file has been changed")
    return str(data["problem"]), tuple(_plan(entry) for entry in data["programs"])


def _plan(entry: dict[str, Any]) -> ProgramPlan:
    decisions = decoded(entry["decisions"])
    if not isinstance(decisions, Decisions):
        raise ValueError("there are no decisions")
    l1, arena = Placement(**entry["l1"]), Placement(**entry["arena"])
    return ProgramPlan(decisions, tuple(entry["starts"]), l1, arena)
