"""What happened in a run, typed; programs and files get it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.contracts.messages import Message


@dataclass(frozen=True, kw_only=True)
class MethodFacts:
    """One method of a comparison."""

    title: Message
    seconds: float
    memory_bytes: int | None = None
    """Most memory in use meanwhile, beyond what was in use before it."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready values of its own, such as PSNR and losses."""

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"seconds": round(self.seconds, 3), "memory_bytes": self.memory_bytes, **self.figures}


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What a task itself tells of its run."""

    unfinished: Message | None = None
    """What a stop has left undone."""
    hints: Sequence[Message] = ()
    """What a person should know of the result, such as that it is soft because a picture was small."""
    methods: Sequence[MethodFacts] = ()
    """Of a comparison."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready values of its own, such as iterations and losses."""

    def json(self) -> dict[str, Any]:
        """JSON-ready values; what does not apply is left out."""
        return {
            **self.figures,
            **({"unfinished": str(self.unfinished)} if self.unfinished else {}),
            **({"hints": [str(hint) for hint in self.hints]} if self.hints else {}),
            **({"methods": {str(each.title): each.json() for each in self.methods}} if self.methods else {}),
        }


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What the runner tells of a run."""

    recipe: Mapping[str, Any]
    """See :class:`engine.runtime.runner.RunResult`."""
    seconds: float
    """From having the device to the result."""
    steps: int
    stopped: bool
    size: tuple[int, int]
    """Width and height of the result."""
    device: Message
    """For a person: ``"NVIDIA H200"``, ``"CPU, 2 threads"``."""
    dtype: str
    """Number format of the perceptual network: ``"bfloat16"``."""
    peak_memory_bytes: int
    """Most memory in use meanwhile: allocated on a GPU, resident in the process on a CPU."""
    torch: str
    """Version."""
    notes: Mapping[str, Sequence[Sequence[str]]]
    """Input -> for each of its pictures, what the door has done with it."""
    task: TaskFacts
    """What the task tells itself."""

    def json(self) -> dict[str, Any]:
        """JSON-ready values, flat, as programs get them."""
        own = {
            name: getattr(self, name)
            for name in ("steps", "stopped", "dtype", "peak_memory_bytes", "torch")
        }  # fmt: skip
        return {
            **self.recipe,
            "seconds": round(self.seconds, 3),
            "size": list(self.size),
            "device": str(self.device),
            **own,
            "notes": {name: [list(each) for each in given] for name, given in self.notes.items()},
            **self.task.json(),
        }
