"""exported_network: a committed ONNX file in float32 and int8, compiled and run."""

load("//rules:defs.bzl", "network_test", "onnx_model", "quantized_model")

_PLATFORMS = [
    "//platforms/host",
    "//platforms/siracusa:full",
]

def exported_network(
        name,
        int8_tolerance,
        float_tolerance = 0.00001,
        activations = "int8-asymmetric",
        below = {},
        dims = {},
        entry_points = {},
        states = {},
        max_cycles = {},
        int8_max_cycles = {}):
    """The network in `<name>.onnx`, which export.py wrote.

    Defines `<name>` (`onnx_model`), `<name>_int8` (`quantized_model`), and for both a
    `network_test` that also compares the interpreter with onnxruntime: `<name>_float_test`,
    `<name>_int8_test`.

    Args:
      name: the network's name.
      int8_tolerance: how many steps of a quantised output the int8 network may be from onnxruntime;
        each layer may be one apart. Absolute for an output that is float32.
      float_tolerance: how far the float32 network may be, absolute.
      activations: how the quantiser represents them.
      below: what the integers of an input are below, by its name.
      dims: see `compiled_network`.
      entry_points: see `compiled_network`; dict of dict.
      states: see `compiled_network`.
      max_cycles: of the float32 network, see `network_test`.
      int8_max_cycles: of the int8 network.
    """
    calibration, golden = name + "_calibration.npz", name + "_inputs.npz"
    points = {point: dims | extents for point, extents in (entry_points or {"": {}}).items()}
    options = [
        "--entry-point={}:{}".format(
            point,
            ",".join(["{}={}".format(*item) for item in extents.items()]),
        )
        for point, extents in points.items()
    ]
    options += ["--below={}={}".format(*item) for item in below.items()]
    options += ["--state=" + state for state in states]
    native.genrule(
        name = name + "_files",
        srcs = [name + ".onnx"],
        outs = [
            calibration,
            golden,
        ],
        cmd = "$(execpath :make_inputs) $< --calibration $(execpath {}) --golden $(execpath {}) {}".format(
            calibration,
            golden,
            " ".join(options),
        ),
        message = "Drawing inputs of " + name,
        tools = [":make_inputs"],
    )
    onnx_model(
        name = name,
        golden = golden,
        src = name + ".onnx",
    )
    quantized_model(
        name = name + "_int8",
        calibration = calibration,
        model = name,
        options = [
            "--activations=" + activations,
            "--range-bits=5",
        ] + ["--state={}={}".format(*state) for state in states.items()],
    )
    for suffix, model, tolerance, cycles in [
        ("float", name, float_tolerance, max_cycles),
        ("int8", name + "_int8", int8_tolerance, int8_max_cycles),
    ]:
        network_test(
            name = "{}_{}_test".format(name, suffix),
            dims = dims,
            entry_points = entry_points,
            max_cycles = cycles,
            model = model,
            platforms = _PLATFORMS,
            reference_tolerance = tolerance,
            states = states,
        )
