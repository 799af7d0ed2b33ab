"""C expressions for locations in memory."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.codegen.interface import EntryPoint, Interface
from compiler.codegen.steps import Operand
from compiler.codegen.weights import Packer, Reference
from compiler.memory import InArena, InConstant, InInput, InOutput, InState, Location


@dataclass(frozen=True)
class Addresses:
    """Turns locations of one entry point into C expressions."""

    interface: Interface
    entry_point: EntryPoint
    weights: Packer

    def pointer(self, operand: Operand) -> str:
        """An expression of type pointer to `operand.c_type` (const for constants and inputs)."""
        location = operand.location
        if isinstance(location, InConstant):
            if operand.constant is not None and not operand.constant.type.elements:
                return "NULL"
            reference = self.reference(operand)
            group = f"{reference.group}[{reference.index}]." if reference.group else ""
            base = f"{self.interface.name}_weights.{group}{reference.field}"
            return self._offset(base, location.offset, f"const {operand.c_type}")
        if isinstance(location, InArena):
            base = f"arena + {location.offset}" if location.offset else "arena"
            if operand.c_type in ("uint8_t", "void"):
                return base
            return (
                f"({operand.c_type} *)({base})"
                if location.offset
                else (f"({operand.c_type} *){base}")
            )
        if isinstance(location, InState):
            field = next(s for s in self.interface.states if s.name == location.name)
            base = f"state.{field.identifier}"
            if operand.c_type == field.type.data_type.c_name or operand.c_type == "void":
                return self._offset(base, location.offset, operand.c_type)
            return self._offset(f"({operand.c_type} *){base}", location.offset, operand.c_type)
        return self._argument(location, operand.c_type)

    def reference(self, operand: Operand) -> Reference:
        """Where a constant operand is in the packed weights."""
        assert operand.constant is not None
        return self.weights.reference(operand.constant)

    def _argument(self, location: Location, c_type: str) -> str:
        if isinstance(location, InInput):
            argument = self.entry_point.inputs[location.index]
            const = "const "
        else:
            assert isinstance(location, InOutput)
            argument = self.entry_point.outputs[location.index]
            const = ""
        base = argument.identifier
        if c_type not in (argument.type.data_type.c_name, "void"):
            base = f"({const}{c_type} *){base}"
        return self._offset(base, location.offset, f"{const}{c_type}")

    def _offset(self, base: str, offset: int, c_type: str) -> str:
        """`base` moved by `offset` bytes."""
        if not offset:
            return base
        const = "const " if c_type.startswith("const ") else ""
        return f"({c_type} *)(({const}uint8_t *){base} + {offset})"
