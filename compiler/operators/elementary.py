"""Elementary functions and smooth activations: float32, or a table of an int8 tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erf, pi
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, Kernel, ParameterValue, TensorType
from compiler.numerics import elementary, trigonometry
from compiler.operators.activation import Pointwise, emit_unary
from compiler.operators.registry import CONTRIB_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

TWINS: dict[str, Callable[..., Array]] = {
    "absolute": np.abs,
    "arc_cosine": trigonometry.arc_cosine,
    "arc_sine": trigonometry.arc_sine,
    "arc_tangent": trigonometry.arc_tangent,
    "ceil": elementary.quiet(np.ceil),
    "cosine": trigonometry.cosine,
    "elu": elementary.elu,
    "erf": elementary.erf,
    "exp": elementary.exp,
    "floor": elementary.quiet(np.floor),
    "gelu": elementary.gelu,
    "gelu_tanh": elementary.gelu_tanh,
    "hard_sigmoid": elementary.hard_sigmoid,
    "hard_swish": elementary.hard_swish,
    "hyperbolic_cosine": trigonometry.hyperbolic_cosine,
    "hyperbolic_sine": trigonometry.hyperbolic_sine,
    "inverse_hyperbolic_cosine": trigonometry.inverse_hyperbolic_cosine,
    "inverse_hyperbolic_sine": trigonometry.inverse_hyperbolic_sine,
    "inverse_hyperbolic_tangent": trigonometry.inverse_hyperbolic_tangent,
    "log": elementary.log,
    "mish": elementary.mish,
    "negate": np.negative,
    "reciprocal": elementary.reciprocal,
    "round": elementary.quiet(np.rint),
    "sigmoid": elementary.sigmoid,
    "sign": np.sign,
    "sine": trigonometry.sine,
    "softplus": elementary.softplus,
    "sqrt": elementary.sqrt,
    "swish": elementary.swish,
    "tangent": trigonometry.tangent,
    "tanh": elementary.tanh,
}
"""What `tw_<name>_f32` computes, by name."""


@dataclass(frozen=True)
class Elementary(Pointwise):
    """A function of every element of a float32 tensor, by its name in `TWINS`.

    `constants` are the function's further arguments, by name, in the twin's order.
    """

    function: str
    constants: tuple[tuple[str, float], ...] = ()

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (np.asarray(TWINS[self.function](x, *(value for _, value in self.constants))),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters: dict[str, ParameterValue] = {"elements": outputs[0].elements}
        parameters.update(self.constants)
        return Kernel(f"tw_{self.function}_f32", "tilewright/unary.h", parameters)


# The same functions in float64, for tables. A result that is not a number becomes -infinity and so
# the lowest step, as in `Quantize`.


def _exact(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def bounded(x: Array) -> Array:
        with np.errstate(all="ignore"):
            y = function(x)
        return np.where(np.isnan(y), -np.inf, y)

    return bounded


def _stepwise(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function that jumps is one of the float32 value that DequantizeLinear gives."""
    return lambda x: function(x.astype(np.float32)).astype(np.float64)


def _ends(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function that is defined up to 1, which float32 may round to: so it is one of that value,
    too."""
    return lambda x: function(x.astype(np.float32).astype(np.float64))


def _sigmoid(x: Array) -> Array:
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x)))


def _erf(x: Array) -> Array:
    return np.array([erf(value) for value in x])


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0.0)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1.0 + _erf(x * np.sqrt(0.5)))


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / pi) * (x + 0.044715 * x**3)))


EXACT: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "Acos": ("arc_cosine", _ends(np.arccos)),
    "Acosh": ("inverse_hyperbolic_cosine", _ends(np.arccosh)),
    "Asin": ("arc_sine", _ends(np.arcsin)),
    "Asinh": ("inverse_hyperbolic_sine", np.arcsinh),
    "Atan": ("arc_tangent", np.arctan),
    "Atanh": ("inverse_hyperbolic_tangent", _ends(np.arctanh)),
    "Ceil": ("ceil", _stepwise(np.ceil)),
    "Cos": ("cosine", np.cos),
    "Cosh": ("hyperbolic_cosine", np.cosh),
    "Erf": ("erf", _erf),
    "Exp": ("exp", np.exp),
    "Floor": ("floor", _stepwise(np.floor)),
    "HardSwish": ("hard_swish", lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0)),
    "Log": ("log", np.log),
    "Mish": ("mish", lambda x: x * np.tanh(_softplus(x))),
    "Reciprocal": ("reciprocal", lambda x: 1.0 / x),
    "Round": ("round", _stepwise(np.rint)),
    "Sigmoid": ("sigmoid", _sigmoid),
    "Sin": ("sine", np.sin),
    "Sinh": ("hyperbolic_sine", np.sinh),
    "Softplus": ("softplus", _softplus),
    "Sqrt": ("sqrt", np.sqrt),
    "Tan": ("tangent", np.tan),
    "Tanh": ("tanh", np.tanh),
}
"""Functions without attributes: name of the float32 form, and the function in float64."""


@lowering(*EXACT, description="int8 or float32")
def lower_elementary(node: OnnxNode, context: LoweringContext) -> None:
    name, function = EXACT[node.operator]
    emit_unary(node, context, Elementary(name), _exact(function))


@lowering("Swish", description="int8 or float32")
def lower_swish(node: OnnxNode, context: LoweringContext) -> None:
    alpha = node.attribute("alpha", 1.0)
    operation = Elementary("swish", (("alpha", alpha),))
    emit_unary(node, context, operation, _exact(lambda x: x * _sigmoid(alpha * x)))


@lowering("Elu", description="int8 or float32")
def lower_elu(node: OnnxNode, context: LoweringContext) -> None:
    alpha = node.attribute("alpha", 1.0)
    operation = Elementary("elu", (("alpha", alpha),))
    emit_unary(node, context, operation, _exact(lambda x: np.where(x < 0, alpha * np.expm1(x), x)))


@lowering("HardSigmoid", description="int8 or float32")
def lower_hard_sigmoid(node: OnnxNode, context: LoweringContext) -> None:
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    operation = Elementary("hard_sigmoid", (("alpha", alpha), ("beta", beta)))
    emit_unary(node, context, operation, lambda x: np.clip(alpha * x + beta, 0.0, 1.0))


@lowering("Gelu", description="exact; int8 or float32", domain=CONTRIB_DOMAIN)
@lowering("Gelu", description="exact and with tanh; int8 or float32")
def lower_gelu(node: OnnxNode, context: LoweringContext) -> None:
    if node.attribute("approximate", "none") == "tanh":
        emit_unary(node, context, Elementary("gelu_tanh"), _exact(_gelu_tanh))
    else:
        emit_unary(node, context, Elementary("gelu"), _exact(_gelu))
