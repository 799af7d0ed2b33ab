"""seeded_network: a model made by a script in the build, quantised, compiled and run."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("//rules:defs.bzl", "network_test", "onnx_model", "quantized_model")
load("//tools/python:pytest_test.bzl", "pytest_test")
load(":cluster_profile.bzl", "cluster_profile")

# As in write_model.py.
_RANGE_BITS = 5

_MODEL_TEST = Label("//models/building_blocks:model_test.py")

def seeded_network(
        name,
        activations,
        digests,
        multiply_accumulates,
        parameters,
        max_cycles = {},
        max_instructions = {},
        integer_io = ["all"],
        **kwargs):
    """The network that `architecture.py` in this package builds, in float32 and int8.

    Defines `<name>_float` (`onnx_model`), `<name>_int8` (`quantized_model`), `<name>_int8_test`
    (`network_test`: equal to the interpreter on every platform), `<name>_profile` and
    `<name>_prediction_test` (`cluster_profile`), both also as `<name>_full_…` with the accelerator,
    and `<name>_model_test` (what model_test.py says).

    Args:
      name: the network's name.
      activations: how the quantiser represents them, "int8" or "int8-asymmetric".
      digests: SHA-256 of the float32 and of the int8 ONNX file. They change with weights, and with
        releases of onnx and onnxruntime that write other files, but from machine to machine never.
      multiply_accumulates: of one run.
      parameters: float32 constants.
      max_cycles: see `network_test`.
      max_instructions: see `network_test`.
      integer_io: inputs and outputs to pass as int8.
      **kwargs: attributes of the `network_test`.
    """
    py_binary(
        name = name + "_architecture",
        srcs = ["architecture.py"],
        main = "architecture.py",
        deps = [Label("//models/building_blocks")],
    )
    files = {
        "calibration": name + "_calibration.npz",
        "golden": name + "_inputs.npz",
        "model": name + "_float.onnx",
    }
    native.genrule(
        name = name + "_files",
        outs = files.values(),
        cmd = "$(execpath :{}_architecture) {}".format(
            name,
            " ".join(["--{} $(execpath {})".format(*item) for item in files.items()]),
        ),
        message = "Drawing the weights of " + name,
        tools = [name + "_architecture"],
    )
    onnx_model(
        name = name + "_float",
        golden = files["golden"],
        src = files["model"],
    )
    quantized_model(
        name = name + "_int8",
        calibration = files["calibration"],
        model = name + "_float",
        options = [
            "--activations=" + activations,
            "--range-bits={}".format(_RANGE_BITS),
        ],
    )
    network_test(
        name = name + "_int8_test",
        integer_io = integer_io,
        max_cycles = max_cycles,
        max_instructions = max_instructions,
        model = name + "_int8",
        **kwargs
    )
    for suffix, platform in {
        "": "cluster_only",
        "_full": "full",
    }.items():
        cluster_profile(
            name = name + suffix,
            firmware = "{}_int8_test_{}_fw".format(name, platform),
        )
    mapping = name + "_mapping.json"
    native.genrule(
        name = name + "_mapping",
        testonly = True,
        srcs = [name + "_int8_test_net.report"],
        outs = [mapping],
        cmd = "for file in $(SRCS); do case $$file in *.mapping.json) cp $$file $@;; esac; done",
    )
    inputs = {
        "CALIBRATION": files["calibration"],
        "FLOAT_MODEL": files["model"],
        "GOLDEN": name + "_int8_test_golden.npz",
        "INT8_MODEL": name + "_int8.onnx",
        "MAPPING_REPORT": mapping,
        "QUANTIZATION_REPORT": name + "_int8.report",
    }
    pytest_test(
        name = name + "_model_test",
        srcs = [_MODEL_TEST],
        data = inputs.values(),
        env = {
            "FLOAT_DIGEST": digests[0],
            "INT8_DIGEST": digests[1],
            "MULTIPLY_ACCUMULATES": str(multiply_accumulates),
            "PARAMETERS": str(parameters),
        } | {
            variable: "$(rootpath {})".format(file)
            for variable, file in inputs.items()
        },
        deps = [Label("//models/building_blocks:model_checks")],
    )
