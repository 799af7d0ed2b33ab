"""What is supported that is nearest to what a model asks for: for messages, in one place.

The facts are those of docs/operators.md: the operators with lowerings and expansions, and their
descriptions. What is written here is only which of them do the work of an operator without any.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compiler.frontend.expansion import EXPANSIONS
from compiler.frontend.narrow_integers import NARROW_TYPES
from compiler.ir import DataType
from compiler.operators import OPERATORS
from compiler.operators.registry import PULP_DOMAIN

CATALOGUE = "docs/operators.md"
EXTENDING = "docs/adding_an_operator.md"
SIMILARITY = 0.7
"""Of names, as difflib measures it: Hardsigmoid is near HardSigmoid, Sine is not near Sign."""

MOST = 3
"""Operators that a message names."""


@dataclass(frozen=True)
class Nearest:
    """What a message says beside what was found.

    Attributes:
        supported: the nearest supported form.
        advice: how to get there.
        reason: why the form asked for is not supported, if there is more to say than that.
    """

    supported: str
    advice: str
    reason: str = ""


@dataclass(frozen=True)
class _Instead:
    """What does the work of an operator: operators that are supported, and how."""

    operators: tuple[str, ...]
    advice: str
    reason: str = ""


_DATA = "its result's shape depends on the data of each run"
_FLOW = "control flow depends on run-time values"
_UNROLL = "export the model with the loop unrolled, or with the branch that is taken"
_RANDOM = "every run has to give the same results"
_LISTS = "its tensors are in a list whose length is known at run time only"
_STRINGS = "it computes with text"
_TRAINING = "it is a part of training"

INSTEAD: Mapping[str, _Instead] = {
    **dict.fromkeys(
        ("Compress", "NonZero", "Unique"),
        _Instead(
            ("Where", "TopK"),
            "use a form whose result has the same shape for all data, such as Where or TopK",
            _DATA,
        ),
    ),
    "NonMaxSuppression": _Instead(
        ("TopK", "GatherElements"),
        "end the model with the boxes and scores of the best candidates (TopK, GatherElements), "
        "and drop overlapping ones in the application",
        _DATA,
    ),
    "If": _Instead(("Where",), _UNROLL, _FLOW),
    **dict.fromkeys(
        ("Loop", "Scan"),
        _Instead(("LSTM", "GRU", "RNN", "CumSum"), _UNROLL, _FLOW),
    ),
    **dict.fromkeys(
        (
            *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"),
            "RandomUniformLike",
        ),
        _Instead(("Add", "Mul", "Less"), "make the random numbers an input of the model", _RANDOM),
    ),
    "BitShift": _Instead(("Mul", "Div"), "multiply or divide by a power of 2"),
    **dict.fromkeys(
        ("BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor"),
        _Instead(
            ("And", "Or", "Xor", "Not", "Mod"),
            "use bool tensors, or Div and Mod to take bits apart",
        ),
    ),
    "CumProd": _Instead(("Log", "CumSum", "Exp"), "write it as Exp of CumSum of Log"),
    "DeformConv": _Instead(
        ("GridSample", "Conv"), "read the shifted positions with GridSample, and convolve those"
    ),
    "Det": _Instead(("Mul", "Sub"), "write out the products of a small matrix"),
    "MaxRoiPool": _Instead(("GridSample", "MaxPool"), "read each region with GridSample, and pool"),
    "RoiAlign": _Instead(
        ("GridSample", "AveragePool"), "read each region with GridSample, and average"
    ),
    "MaxUnpool": _Instead(
        ("Resize", "ConvTranspose"), "use Resize or ConvTranspose to enlarge, as newer models do"
    ),
    "MelWeightMatrix": _Instead(("MatMul",), "export it as a constant"),
    **dict.fromkeys(
        ("BlackmanWindow", "HammingWindow", "HannWindow", "Range"),
        _Instead(("Mul",), "export it as a constant of the static length"),
    ),
    **dict.fromkeys(
        (
            *("ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement"),
            *("SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase"),
            *("SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence"),
        ),
        _Instead(("Concat", "Split", "Slice"), "use Concat, Split and Slice of tensors", _LISTS),
    ),
    **dict.fromkeys(
        ("RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"),
        _Instead(("Gather",), "make numbers of the text before the model, as indices", _STRINGS),
    ),
    "ImageDecoder": _Instead(
        ("Transpose", "Resize"), "decode the image in the application, and pass its pixels"
    ),
    **dict.fromkeys(
        ("Adagrad", "Adam", "Gradient", "Momentum"),
        _Instead((), "export the model in its evaluation mode", _TRAINING),
    ),
    **dict.fromkeys(
        ("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"),
        _Instead(
            ("MatMul", "LessOrEqual", "Where"),
            "write the trees as comparisons and matrix products, as hummingbird-ml does",
        ),
    ),
    "LinearRegressor": _Instead(("Gemm",), "write it as Gemm"),
    "LinearClassifier": _Instead(("Gemm", "Softmax", "ArgMax"), "write it as Gemm and ArgMax"),
    "Scaler": _Instead(("Sub", "Mul"), "write it as Sub and Mul"),
    "Normalizer": _Instead(("LpNormalization",), "use LpNormalization"),
}
"""By the operator's name, whatever its domain."""


def described(name: str, domain: str = "") -> str | None:
    """An operator with its supported forms; None if it is not supported."""
    key = (domain, name)
    if key in OPERATORS:
        return f"{_shown(*key)} ({OPERATORS[key].description})"
    if key in EXPANSIONS:
        return f"{_shown(*key)} ({EXPANSIONS[key][0].description})"
    return None


def nearest_operator(domain: str, operator: str) -> Nearest:
    """The operators that do the work of one without support, or have a name like it."""
    add = f"or add it to the compiler ({EXTENDING})"
    instead = INSTEAD.get(operator)
    if instead is not None:
        forms = [form for name in instead.operators if (form := described(name)) is not None]
        supported = "; ".join(forms) or f"the operators of {CATALOGUE}"
        return Nearest(supported, f"{instead.advice}; {add}", instead.reason)
    similar = _similar(operator)
    if similar:
        forms = [form for name in similar if (form := described(name[1], name[0])) is not None]
        return Nearest(
            "; ".join(forms), f"use {_shown(*similar[0])} if that is what it does, {add}"
        )
    written = (
        "write it as a function of ONNX's operators in the model"
        if domain
        else ("replace it by other operators")
    )
    return Nearest(f"the operators of {CATALOGUE}; none has a name like it", f"{written}, {add}")


def _similar(operator: str) -> list[tuple[str, str]]:
    """Supported operators with names like this one, of ONNX before those of other domains.

    Those of the PULP tools are none that a model has to have in place of another one.
    """
    known = sorted(key for key in {*OPERATORS, *EXPANSIONS} if key[0] != PULP_DOMAIN)
    by_name: dict[str, tuple[str, str]] = {}
    for key in known:  # ONNX's domain, "", is the first
        by_name.setdefault(key[1].lower(), key)
    near = difflib.get_close_matches(operator.lower(), sorted(by_name), MOST, SIMILARITY)
    return [by_name[name] for name in near]


def _shown(domain: str, operator: str) -> str:
    return f"{domain}.{operator}" if domain else operator


_FLOATS = "float32; float16 and bfloat16, which are computed in float32"
_WHOLE = "int64 and int32 (computed with 32 bits), int16, uint16, int8 and uint8"
_TYPES: Mapping[str, Nearest] = {
    **dict.fromkeys(
        ("float64", "double"),
        Nearest(_FLOATS, "export the model in float32, or cast the tensor to it"),
    ),
    "uint64": Nearest(_WHOLE, "cast the tensor to int64"),
    **dict.fromkeys(
        ("complex64", "complex128"),
        Nearest(_FLOATS, "keep real and imaginary parts in two tensors of float32"),
    ),
    **dict.fromkeys(
        ("string", "object", "str"),
        Nearest(_WHOLE, "make numbers of the text before the model, as indices for Gather"),
    ),
    **dict.fromkeys(
        NARROW_TYPES,
        Nearest(
            f"constants of {', '.join(NARROW_TYPES)} behind DequantizeLinear; int8, uint8, int16 "
            "and uint16 for what is computed at run time",
            "quantise activations to 8 bits, and only weights to fewer",
            "it is computed at run time",
        ),
    ),
}


def nearest_type(spelt: str) -> Nearest:
    """The element types nearest to an unsupported one, which is spelt as NumPy or ONNX do."""
    if spelt in _TYPES:
        return _TYPES[spelt]
    if spelt.startswith("float"):  # of 8 and 4 bits
        return Nearest(
            "int8 and uint8 behind DequantizeLinear, float32",
            "quantise to int8 instead, or store float32",
        )
    supported = ", ".join(data_type.value for data_type in DataType)
    return Nearest(f"{supported}", "convert the model to float32, or quantise it")


def nearest_opset(oldest: int, newest: int, opset: int) -> Nearest:
    """The operator set to convert a model to; `oldest` to `newest` are read."""
    advice = f"export the model again, for operator set {newest}"
    if opset > newest:
        advice = f"convert it: onnx.version_converter.convert_version(model, {newest})"
    return Nearest(f"operator sets {oldest} to {newest}", advice)


def form_advice(operator: str, supported: str, types: Iterable[DataType]) -> str:
    """What to do about a node in an unsupported form, where its lowering does not say it.

    Args:
        operator: the node's.
        supported: the forms that the message names.
        types: of the node's operands.
    """
    if supported.startswith(("constant", "a constant")):
        return "export the model with the operand as a constant, or with what it is computed from"
    if DataType.UINT32 in types:
        return "use int32, int64 or float32 instead of uint32"
    return f"change the node to such a form; {CATALOGUE} lists those of {operator}"
