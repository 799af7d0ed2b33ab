"""Random models of the dialect: what files of the tools may have, in other shapes and forms.

Operators are chosen for what the tensor so far is, attributes are stored in any of the forms that
files have, and everything that changes a result is drawn: axes, pads, groups, signs, ranks,
broadcasts, absent attributes and operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from tests.integer_dialect.builder import Array, Builder
from tests.integer_dialect.inventory import HARD_SWISH, QUOTIENT, SOFTMAX

DOMAINS = ("", "PACTOps", "ai.onnx.contrib", "com.microsoft")
MOST_ELEMENTS = 600


@dataclass(frozen=True)
class Tensor:
    """What is known of one: its type is one of bytes, int32 or float32."""

    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_bytes(self) -> bool:
        return self.type in ("int8", "uint8")


class Variation:
    """One random model."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        domain = str(self.random.choice(DOMAINS))
        self.b = Builder("variation", seed, opset=13, domain=domain)

    def build(self) -> tuple[ModelProto, Mapping[str, str]]:
        x = self.input(self.one_of("int8", "int8", "uint8", "int16", "uint16", "int32"))
        for _ in range(int(self.random.integers(1, 4))):
            fitting = [step for fits, step in STEPS if fits(x)]
            x = fitting[int(self.random.integers(len(fitting)))](self, x)
            if x.type == "int32" and self.chance(0.7):
                x = self.requantised(x)
        return self.b.model((x.name, x.rank)), self.b.types

    # --- drawing -------------------------------------------------------------------------------

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.random.random() < share)

    def one_of(self, *values: str) -> str:
        return values[int(self.random.integers(len(values)))]

    def number(self, low: int, high: int) -> int:
        """From low to high."""
        return int(self.random.integers(low, high + 1))

    def input(self, type_: str, shape: Sequence[int] | None = None) -> Tensor:
        if shape is None:
            shape = [self.number(1, 2), *(self.number(1, 6) for _ in range(self.number(0, 3)))]
        name = self.b.input(f"x{len(self.b.inputs)}", type_, *shape)
        return Tensor(name, type_, tuple(shape))

    def constant(self, data: Array | int) -> str:
        """Integers, stored as floats or as integers, with or without a node of their own."""
        array = np.asarray(data)
        small = bool(np.all(np.abs(array) < 2**15))
        like = np.int32 if small and self.chance(0.15) else np.float32
        if self.chance(0.85):
            return self.b.constant(array, like)
        value = numpy_helper.from_array(array.astype(like), "value")
        return self.b.node("Constant", value=value)

    def attribute(self, value: int) -> object:
        """A number in one of the forms in which files have it."""
        forms: list[object] = [
            value,
            float(value),
            numpy_helper.from_array(np.array(value, np.float32)),
            numpy_helper.from_array(np.array([value], np.float32)),
            numpy_helper.from_array(np.array([value], np.int64)),
        ]
        return forms[int(self.random.integers(len(forms)))]

    def own(self, operator: str, operands: Sequence[str], **attributes: int) -> str:
        made = self.b.node(
            operator, *operands, **{n: self.attribute(v) for n, v in attributes.items()}
        )
        self.b.nodes[-1].domain = self.b.domain
        return made

    def requantised(self, x: Tensor) -> Tensor:
        levels = int(self.random.choice([256, 256, 256, 16, 2, 65536]))
        signed = self.number(0, 1)
        shift = self.number(0, 20)
        most = max(1, (1 << shift) // 64)

        def constants() -> Array:
            low = 1 if self.chance(0.8) else -most
            low, high = (low, most) if drawing == "mul" else (-(1 << shift), 1 << shift)
            channel = x.shape[1] if x.rank > 1 else 1
            forms: list[tuple[int, ...]] = [(), (1,), (1, 1)]
            if x.rank >= 3:
                forms += [
                    (channel,),
                    (channel, *(1,) * (x.rank - 2)),
                    (1, channel, *(1,) * (x.rank - 2)),
                ]
                forms += [(channel, 1, 1)]
            elif x.rank == 2:
                forms += [(channel,), (1, channel), (x.shape[0], 1)]
            forms = [
                form for form in forms if len(form) <= max(x.rank, 1) or form == (channel, 1, 1)
            ]
            return self.random.integers(low, high + 1, forms[int(self.random.integers(len(forms)))])

        drawing = "mul"
        mul = constants()
        drawing = "add"
        add = constants() if self.chance(0.7) else np.array(0)
        name = "n_levels" if self.chance() else "n_levels_out"
        attributes = {"div": 1 << shift, name: levels, "signed": signed}
        made = self.own(
            "RequantShift", [x.name, self.constant(mul), self.constant(add)], **attributes
        )
        type_ = "int32" if levels > 256 else "int8" if signed else "uint8"
        return Tensor(made, type_, x.shape)

    # --- steps ---------------------------------------------------------------------------------

    def conv(self, x: Tensor) -> Tensor:
        axes, channels = x.rank - 2, x.shape[1]
        groups = int(self.random.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        outputs = groups * self.number(1, 3)
        taps = [self.number(1, min(3, e)) for e in x.shape[2:]]
        dilations = [
            self.number(1, 2) if (t - 1) * 2 < e else 1
            for t, e in zip(taps, x.shape[2:], strict=True)
        ]
        pads = [self.number(0, t - 1) for t in taps * 2]
        attributes: dict[str, object] = {}
        strides = [self.number(1, 3) for _ in taps]
        if any(pads) or self.chance():
            attributes["pads"] = pads
        if any(s > 1 for s in strides) or self.chance():
            attributes["strides"] = strides
        if any(d > 1 for d in dilations) or self.chance():
            attributes["dilations"] = dilations
        if groups > 1 or self.chance():
            attributes["group"] = groups
        if self.chance(0.7):
            attributes["kernel_shape"] = taps
        weights = self.random.integers(-128, 128, (outputs, channels // groups, *taps))
        operands = [x.name, self.constant(weights)]
        if self.chance():
            operands.append(self.constant(self.random.integers(-5000, 5000, outputs)))
        made = self.b.node("Conv", *operands, **attributes)
        extents = [
            (e + pads[i] + pads[i + axes] - (taps[i] - 1) * dilations[i] - 1) // strides[i] + 1
            for i, e in enumerate(x.shape[2:])
        ]
        return Tensor(made, "int32", (x.shape[0], outputs, *extents))

    def pool(self, x: Tensor) -> Tensor:
        axes = x.rank - 2
        taps = [self.number(1, min(3, e)) for e in x.shape[2:]]
        strides = [self.number(1, 3) for _ in taps]
        pads = [self.number(0, t - 1) if self.chance(0.3) else 0 for t in taps * 2]
        attributes: dict[str, object] = {"kernel_shape": taps}
        if any(s > 1 for s in strides) or self.chance():
            attributes["strides"] = strides
        if any(pads) or self.chance():
            attributes["pads"] = pads
        extents = [
            (e + pads[i] + pads[i + axes] - taps[i]) // strides[i] + 1
            for i, e in enumerate(x.shape[2:])
        ]
        made = self.b.node("MaxPool", x.name, **attributes)
        return Tensor(made, x.type, (*x.shape[:2], *extents))

    def matmul(self, x: Tensor) -> Tensor:
        columns, inner = self.number(1, 6), x.shape[-1]
        shape: tuple[int, ...] = (inner, columns)
        if self.chance(0.3):
            right = self.input(self.one_of("int8", "uint8"), (*x.shape[:-2], *shape)).name
        else:
            shape = (1, *shape) if self.chance(0.2) else shape
            low = 0 if self.chance(0.2) else -128
            right = self.constant(self.random.integers(low, low + 256, shape))
        made = self.b.node("MatMul", x.name, right)
        rows = x.shape[:-1]
        ones = (1,) if len(shape) > max(x.rank, 2) else ()
        return Tensor(made, "int32", (*ones, *rows, columns))

    def gemm(self, x: Tensor) -> Tensor:
        columns, turned = self.number(1, 6), self.number(0, 1)
        rows, inner = x.shape[::-1] if turned else x.shape
        other = self.number(0, 1)
        weights = self.random.integers(-128, 128, (columns, inner) if other else (inner, columns))
        operands = [x.name, self.constant(weights)]
        attributes: dict[str, object] = {}
        for name, value in (("transA", turned), ("transB", other)):
            if value or self.chance():
                attributes[name] = value
        if self.chance(0.7):
            shape = self.random.choice(5)
            forms = [(columns,), (1, columns), (rows, 1), (rows, columns), ()]
            operands.append(self.constant(self.random.integers(-5000, 5000, forms[shape])))
            if self.chance(0.3):
                attributes["beta"] = float(self.number(-2, 3))
        if self.chance(0.3):
            attributes["alpha"] = float(self.number(-2, 3))
        return Tensor(self.b.node("Gemm", *operands, **attributes), "int32", (rows, columns))

    def arithmetic(self, x: Tensor) -> Tensor:
        operator = self.one_of("Add", "Sub", "Mul", "Add")
        limit = 40000 if operator != "Mul" else 100
        shape = tuple(e if self.chance(0.7) else 1 for e in x.shape)
        shape = shape[self.number(0, x.rank) :]
        if self.chance():
            other = self.constant(self.random.integers(-limit, limit, shape))
        else:
            other = self.input(self.one_of("int8", "uint8"), shape).name if shape else x.name
        operands = [x.name, other] if self.chance(0.7) else [other, x.name]
        if operator == "Add" and self.chance(0.2):
            operands.append(x.name)
        return Tensor(self.b.node(operator, *operands), "int32", x.shape)

    def function(self, x: Tensor) -> Tensor:
        own: list[tuple[str, dict[str, int], str]] = [
            ("iGELU", {"b": -self.number(1, 150), "one": self.number(1, 20000)}, "int32"),
            ("iHardswish", HARD_SWISH, "int32"),
            ("ITAMax", {"n_levels": 256}, "uint8"),
            ("ITAPartialMax", {"n_levels": 256, "group_width": self.number(1, 9)}, "uint8"),
            ("iSoftmax", {**SOFTMAX, "log2": self.number(10, 200)}, "uint8"),
            (
                "TrueIntegerDiv",
                {"Delta": self.number(1, 20000), "eta": 200, "eps": 1, "y": self.number(1, 9)},
                "int32",
            ),
        ]
        operator, attributes, type_ = own[int(self.random.integers(len(own)))]
        return Tensor(self.own(operator, [x.name], **attributes), type_, x.shape)

    def divided(self, x: Tensor) -> Tensor:
        shape = tuple(e if self.chance(0.7) else 1 for e in x.shape)
        divisors = self.input("uint8", shape).name
        return Tensor(self.own("IntegerDiv", [x.name, divisors], **QUOTIENT), "int32", x.shape)

    def normalised(self, x: Tensor) -> Tensor:
        elements, shift = x.shape[-1], self.number(0, 16)
        most = 64 << shift

        def row(limit: int) -> str:
            shape = (elements,) if x.rank == 1 or self.chance(0.8) else (1, elements)
            return self.constant(self.random.integers(-limit, limit + 1, shape))

        operator = self.one_of("iLayerNorm", "iRMSNorm", "iNoNorm")
        attributes = {"D": 1 << shift, "n_levels": 256}
        if operator == "iRMSNorm":
            operands = [row(most)]
        elif operator == "iLayerNorm":
            operands = [row(most), row(most)]
        else:
            attributes |= {"mul": self.number(1, 5)}
            whole = self.random.integers(-300, 300, x.shape)
            operands = [self.constant(whole) if self.chance() else row(300), row(most)]
        return Tensor(self.own(operator, [x.name, *operands], **attributes), "int8", x.shape)

    def moved(self, x: Tensor) -> Tensor:
        kind = self.one_of(
            "reshape",
            "transpose",
            "slice",
            "gather",
            "pad",
            "squeeze",
            "concat",
            "flatten",
            "identity",
        )
        name, shape = getattr(self, f"_{kind}")(x)
        return Tensor(name, x.type, tuple(int(extent) for extent in shape))

    def _reshape(self, x: Tensor) -> tuple[str, Sequence[int]]:
        size = int(np.prod(x.shape))
        split = self.random.choice([d for d in range(1, size + 1) if size % d == 0])
        shape = [int(split), size // int(split)]
        said = [shape[0], -1] if self.chance() else shape
        return self.b.node("Reshape", x.name, self.b.constant(said, np.int64)), shape

    def _transpose(self, x: Tensor) -> tuple[str, Sequence[int]]:
        order = [int(axis) for axis in self.random.permutation(x.rank)]
        if self.chance(0.3):
            return self.b.node("Transpose", x.name, perm=order[::-1]), [
                x.shape[i] for i in order[::-1]
            ]
        return self.b.node("Transpose", x.name, perm=order), [x.shape[i] for i in order]

    def _slice(self, x: Tensor) -> tuple[str, Sequence[int]]:
        axis = self.number(0, x.rank - 1)
        extent, step = x.shape[axis], int(self.random.choice([1, 1, 2, -1, -2]))
        begin = self.number(0, extent - 1)
        end = extent if step > 0 else -extent - 1
        numbers = [[begin], [end], [axis - x.rank if self.chance() else axis], [step]]
        operands = [self.b.constant(values, np.int64) for values in numbers]
        taken = len(range(extent)[begin : None if step < 0 else end : step])
        shape = [*x.shape[:axis], taken, *x.shape[axis + 1 :]]
        return self.b.node("Slice", x.name, *operands), shape

    def _gather(self, x: Tensor) -> tuple[str, Sequence[int]]:
        axis = self.number(0, x.rank - 1)
        extent = x.shape[axis]
        shape: tuple[int, ...] = () if self.chance(0.3) and x.rank > 1 else (self.number(1, 3),)
        indices = self.b.constant(self.random.integers(-extent, extent, shape), np.int64)
        said = {} if axis == 0 and self.chance() else {"axis": axis}
        return self.b.node("Gather", x.name, indices, **said), [
            *x.shape[:axis],
            *shape,
            *x.shape[axis + 1 :],
        ]

    def _pad(self, x: Tensor) -> tuple[str, Sequence[int]]:
        pads = [self.number(0, 2) for _ in range(2 * x.rank)]
        operands = [x.name, self.b.constant(pads, np.int64)]
        if self.chance(0.7):
            operands.append(self.b.constant(self.number(-3 if x.type != "uint8" else 0, 100)))
        before, after = pads[: x.rank], pads[x.rank :]
        shape = [e + a + b for e, a, b in zip(x.shape, before, after, strict=True)]
        return self.b.node("Pad", *operands), shape

    def _squeeze(self, x: Tensor) -> tuple[str, Sequence[int]]:
        if x.rank < 4 and self.chance():
            axis = self.number(0, x.rank)
            made = self.b.node("Unsqueeze", x.name, self.b.constant([axis], np.int64))
            return made, [*x.shape[:axis], 1, *x.shape[axis:]]
        ones = [axis for axis, extent in enumerate(x.shape) if extent == 1 and x.rank > 1]
        axes = ones[:1]
        made = self.b.node("Squeeze", x.name, self.b.constant(axes, np.int64))
        if not axes:
            return self._identity(x)
        return made, [e for axis, e in enumerate(x.shape) if axis not in axes]

    def _concat(self, x: Tensor) -> tuple[str, Sequence[int]]:
        axis = self.number(0, x.rank - 1)
        extents = [self.number(0, 3) for _ in range(self.number(0, 2))]
        others = [
            self.input(x.type, (*x.shape[:axis], extent, *x.shape[axis + 1 :])).name
            for extent in extents
        ]
        said = axis - x.rank if self.chance() else axis
        total = x.shape[axis] + sum(extents)
        return self.b.node("Concat", x.name, *others, axis=said), [
            *x.shape[:axis],
            total,
            *x.shape[axis + 1 :],
        ]

    def _flatten(self, x: Tensor) -> tuple[str, Sequence[int]]:
        axis = self.number(0, x.rank)
        said = {} if axis == 1 and self.chance() else {"axis": axis}
        split = [int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))]
        return self.b.node("Flatten", x.name, **said), split

    def _identity(self, x: Tensor) -> tuple[str, Sequence[int]]:
        operator = self.one_of("Identity", "DebugPrint")
        made = self.b.node(operator, x.name)
        if operator == "DebugPrint":
            self.b.nodes[-1].domain = self.b.domain
        return made, x.shape

    def reduced(self, x: Tensor) -> Tensor:
        count = self.number(1, x.rank)
        axes = sorted(int(a) for a in self.random.permutation(x.rank)[:count])
        said = [a - x.rank if self.chance(0.3) else a for a in axes]
        keep = self.number(0, 1) if count < x.rank else 1
        attributes: dict[str, object] = {} if keep and self.chance() else {"keepdims": keep}
        shape = [1 if a in axes else e for a, e in enumerate(x.shape) if keep or a not in axes]
        operator = self.one_of("ReduceMean", "IntegerMean", "ReduceSum", "ReduceMax")
        if operator == "ReduceSum":
            made = self.b.node(operator, x.name, self.b.constant(said, np.int64), **attributes)
            return Tensor(made, "int32", tuple(shape))
        made = self.b.node(operator, x.name, axes=said, **attributes)
        if operator == "IntegerMean":
            self.b.nodes[-1].domain = self.b.domain
        type_ = "int32" if operator == "ReduceMax" and not x.is_bytes else x.type
        return Tensor(made, type_, tuple(shape))

    def chosen(self, x: Tensor) -> Tensor:
        operator = self.one_of("Relu", "Clip", "Abs", "Neg")
        if operator == "Clip":
            bounds = [self.b.constant(value) for value in (self.number(-90, 0), self.number(1, 90))]
            made = self.b.node(operator, x.name, *bounds[: self.number(1, 2)])
        else:
            made = self.b.node(operator, x.name)
        same = x.is_bytes and operator in ("Relu", "Clip")
        return Tensor(made, x.type if same else "int32", x.shape)

    def merged_sum(self, x: Tensor) -> Tensor:
        attributes: dict[str, int] = {}
        for prefix in ("rqs1", "rqs2", "rqsOut"):
            shift = self.number(0, 12)
            numbers = {"mul": self.number(1, 1 << shift), "add": self.number(-99, 99)}
            numbers |= {"div": 1 << shift, "n_levels": 256, "signed": self.number(0, 1)}
            attributes |= {f"{prefix}_{name}": value for name, value in numbers.items()}
        other = self.input(self.one_of("int8", "uint8"), x.shape)
        made = self.own("RequantizedAdd", [x.name, other.name], **attributes)
        return Tensor(made, "int8" if attributes["rqsOut_signed"] else "uint8", x.shape)

    def converted(self, x: Tensor) -> Tensor:
        """From integers to numbers and back."""
        made = self.b.node("Dequant", x.name, zero_point=self.attribute(self.number(-9, 9)))
        self.b.nodes[-1].domain = self.b.domain
        self.b.nodes[-1].attribute.append(
            helper.make_attribute("scale", 0.03125 * self.number(1, 9))
        )
        bits, signed = self.number(1, 8), self.number(0, 1)
        made = self.own(
            "Quant", [made], bit_width=bits, signed=signed, zero_point=self.number(-5, 5)
        )
        self.b.nodes[-1].attribute.append(helper.make_attribute("scale", 0.25 * self.number(1, 9)))
        return Tensor(made, "int8" if signed else "uint8", x.shape)


def _spatial(x: Tensor) -> bool:
    return x.rank in (3, 4)


def _short(x: Tensor) -> bool:
    return x.type in ("int8", "uint8", "int16", "uint16")


Step = tuple[Callable[[Tensor], bool], Callable[[Variation, Tensor], Tensor]]
STEPS: Sequence[Step] = (
    (lambda x: _spatial(x) and _short(x), Variation.conv),
    (lambda x: _spatial(x) and _short(x), Variation.conv),
    (_spatial, Variation.pool),
    (_short, Variation.matmul),
    (lambda x: x.rank == 2 and _short(x), Variation.gemm),
    (lambda x: True, Variation.arithmetic),
    (lambda x: x.is_bytes, Variation.function),
    (lambda x: _short(x), Variation.divided),
    (lambda x: x.is_bytes, Variation.normalised),
    (lambda x: True, Variation.moved),
    (lambda x: True, Variation.moved),
    (lambda x: True, Variation.reduced),
    (lambda x: True, Variation.chosen),
    (lambda x: x.is_bytes, Variation.merged_sum),
    (lambda x: x.is_bytes, Variation.converted),
    (lambda x: True, Variation.requantised),
)
"""What can be done with which tensors."""
