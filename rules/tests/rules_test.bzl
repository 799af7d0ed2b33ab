"""Analysis tests of the public rules, for good and for bad use."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(
    "//rules:defs.bzl",
    "compiled_network",
    "firmware",
    "golden_data",
    "kernel_library",
    "onnx_model",
    "operator_library",
    "quantized_model",
    "simulator_test",
)
load("//rules:providers.bzl", "FirmwareInfo", "KernelInfo", "ModelInfo", "NetworkInfo")

def _action(env, mnemonic):
    found = [action for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]
    asserts.equals(env, 1, len(found), "number of {} actions".format(mnemonic))
    return found[0]

def _names(files):
    return [file.basename for file in files.to_list()]

# Placement neither reads the model nor knows the weights: new weights do not solve it again.
def _placement_test_impl(ctx):
    env = analysistest.begin(ctx)
    analyse = _action(env, "TilewrightAnalyse")
    asserts.true(env, "model.onnx" in _names(analyse.inputs))
    place = _action(env, "TilewrightPlace")
    asserts.false(env, "model.onnx" in _names(place.inputs))
    asserts.true(env, "good_net.problem.json" in _names(place.inputs))
    asserts.equals(env, ["good_net.placement.json"], _names(place.outputs))
    emit = _action(env, "TilewrightEmit")
    asserts.true(env, "good_net.placement.json" in _names(emit.inputs))
    return analysistest.end(env)

_placement_test = analysistest.make(_placement_test_impl)

# Nor does the schedule of a cluster, for which analysis reads the chip's description.
def _schedule_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    analyse = _action(env, "TilewrightAnalyse")
    for file in ["model.onnx", "soc.yaml"]:
        asserts.true(env, file in _names(analyse.inputs), file + " decides")
    asserts.true(env, "--engines=cores" in analyse.argv)
    place = _action(env, "TilewrightPlace")
    for file in ["model.onnx", "soc.yaml"]:
        asserts.false(env, file in _names(place.inputs), file + " is in the problem")
    asserts.equals(env, ["good_net.placement.json"], _names(place.outputs))
    emit = _action(env, "TilewrightEmit")
    asserts.true(env, "good_net.placement.json" in _names(emit.inputs))
    asserts.true(env, "soc.yaml" in _names(emit.inputs))
    asserts.true(env, target[NetworkInfo].on_cluster)
    asserts.equals(
        env,
        ["good_net.placement.json"],
        _names(target[OutputGroupInfo].placement),
    )
    return analysistest.end(env)

_schedule_test = analysistest.make(
    _schedule_test_impl,
    config_settings = {
        "//command_line_option:platforms": str(Label("//platforms/siracusa:cluster_only")),
    },
)

def _compiled_network_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    network = target[NetworkInfo]
    asserts.equals(env, "good_net", network.name)
    asserts.false(env, network.on_cluster)
    asserts.equals(env, "good_net.h", network.header.basename)
    asserts.equals(
        env,
        [
            "--entry-point=many:columns=2,rows=8",
            "--entry-point=one:columns=2,rows=1",
            "--state=past=present",
            "--integer-io=x",
        ],
        network.options,
    )
    asserts.true(env, CcInfo in target)
    asserts.true(
        env,
        "good_net.h" in _names(target[CcInfo].compilation_context.headers),
        "dependents see the header",
    )
    groups = target[OutputGroupInfo]
    asserts.equals(env, ["good_net.c"], _names(groups.c))
    asserts.equals(env, ["good_net_weights.bin", "good_net_weights.S"], _names(groups.weights))
    arguments = _action(env, "TilewrightEmit").argv
    asserts.equals(env, "4096", arguments[arguments.index("--memory") + 1])
    return analysistest.end(env)

_compiled_network_test = analysistest.make(_compiled_network_test_impl)

def _firmware_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[FirmwareInfo]
    asserts.equals(env, "good_fw.elf", info.elf.basename)
    asserts.equals(env, "good_fw.map", info.map.basename)
    asserts.equals(env, ["good_net"], [network.name for network in info.networks])
    asserts.equals(env, "qemu_rv32", info.platform.label.name)
    asserts.true(env, info.simulator != None)
    asserts.equals(env, "soc.yaml", info.soc.description.basename)
    render = _action(env, "TilewrightRender")
    asserts.equals(env, ["good_fw.ld"], _names(render.outputs))
    asserts.equals(env, "8192", render.argv[render.argv.index("--stack-size") + 1])
    compile = _action(env, "CppCompile").argv
    asserts.true(env, "-DTILEWRIGHT_NETWORK=good_net_network" in compile)
    asserts.true(env, "-O2" in compile, "firmware is optimised in every mode")
    asserts.true(env, "-march=rv32imafc" in compile)
    return analysistest.end(env)

_firmware_test = analysistest.make(
    _firmware_test_impl,
    config_settings = {"//command_line_option:compilation_mode": "dbg"},
)

def _quantized_model_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, "good_int8.onnx", target[ModelInfo].onnx.basename)
    asserts.equals(env, "golden.npz", target[ModelInfo].golden.basename, "golden of the float model")
    asserts.equals(
        env,
        ["good_int8.quantization.json"],
        _names(target[OutputGroupInfo].report),
    )
    asserts.true(env, "--integer-io" in _action(env, "TilewrightQuantize").argv)
    return analysistest.end(env)

_quantized_model_test = analysistest.make(_quantized_model_test_impl)

def _following(arguments, option):
    """What stands behind an option, each time."""
    return [
        arguments[index + 1]
        for index, argument in enumerate(arguments)
        if argument == option
    ]

def _calibrated_model_test_impl(ctx):
    env = analysistest.begin(ctx)
    arguments = _action(env, "TilewrightQuantize").argv
    for option, value in {
        "--calibration-method": "percentile",
        "--percentile": "99.9",
        "--weight-bits": "head=4",
        "--weights": "per-tensor",
    }.items():
        asserts.equals(env, [value], _following(arguments, option))
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    asserts.equals(env, ["calibrated_int8.quantization.html"], _names(groups.report_html))
    asserts.equals(env, ["calibrated_int8.quantization.txt"], _names(groups.report_txt))
    mnemonics = [action.mnemonic for action in analysistest.target_actions(env)]
    asserts.false(env, "TilewrightCheckTolerance" in mnemonics, "there is no tolerance")
    return analysistest.end(env)

_calibrated_model_test = analysistest.make(_calibrated_model_test_impl)

# A tolerance is checked whenever the model is needed, and from the report, which is there to read.
# The target is one that can be built, because checks run for what a test depends on, too.
def _tolerance_test_impl(ctx):
    env = analysistest.begin(ctx)
    arguments = _action(env, "TilewrightQuantize").argv
    asserts.equals(env, ["accuracy_drop=0.01"], _following(arguments, "--tolerance"))
    asserts.equals(env, ["4", "2"], _following(arguments, "--weight-bits-search"))
    check = _action(env, "TilewrightCheckTolerance")
    asserts.true(env, "digits_plain_searched.quantization.json" in _names(check.inputs))
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    asserts.equals(
        env,
        ["digits_plain_searched.quantization.checked"],
        _names(groups._validation),
    )
    return analysistest.end(env)

_tolerance_test = analysistest.make(_tolerance_test_impl)

def _kernel_library_test_impl(ctx):
    env = analysistest.begin(ctx)
    sources = analysistest.target_under_test(env)[KernelInfo].sources.to_list()
    asserts.equals(
        env,
        ["ref/add.c", "fast/mul.c"],
        [file.short_path.removeprefix("rules/tests/") for file in sources],
    )
    return analysistest.end(env)

_kernel_library_test = analysistest.make(_kernel_library_test_impl)

# Whatever reads the model or plans it has the modules, and networks have the kernels.
def _operators_test_impl(ctx):
    env = analysistest.begin(ctx)
    for stage in ["TilewrightAnalyse", "TilewrightPlace", "TilewrightEmit"]:
        _assert_has_operators(env, _action(env, stage))
    linked = analysistest.target_under_test(env)[CcInfo].linking_context.linker_inputs
    owners = [library.owner.name for library in linked.to_list()]
    asserts.true(env, "good_kernels" in owners)
    return analysistest.end(env)

_operators_test = analysistest.make(_operators_test_impl)

def _golden_operators_test_impl(ctx):
    env = analysistest.begin(ctx)
    _assert_has_operators(env, _action(env, "TilewrightGolden"))
    return analysistest.end(env)

_golden_operators_test = analysistest.make(_golden_operators_test_impl)

def _assert_has_operators(env, action):
    asserts.true(env, "operators.py" in _names(action.inputs), action.mnemonic)
    option = action.argv.index("--operators")
    asserts.true(env, action.argv[option + 1].endswith("rules/tests/operators.py"))

# A test that records layers runs the recorder around the simulator and does not check counts.
def _layers_test_impl(ctx):
    env = analysistest.begin(ctx)
    script = _action(env, "FileWrite").content
    asserts.true(env, "compare_layers/record_layers" in script)
    asserts.true(env, "'--mapping' 'rules/tests/good_net.mapping.json'" in script)
    asserts.true(env, "'--model' 'rules/tests/model.onnx'" in script)
    asserts.true(env, "'--golden' 'rules/tests/golden.npz'" in script)
    asserts.true(env, "'--state=past=present'" in script)
    asserts.false(env, "--maximum" in script)
    return analysistest.end(env)

_layers_test = analysistest.make(_layers_test_impl)

_HOOKS = "-DTILEWRIGHT_HOOKS=\"tilewright/layer_dump.h\""

def _compilations(env):
    return [
        action.argv
        for action in analysistest.target_actions(env)
        if action.mnemonic == "CppCompile"
    ]

def _usual_network_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.false(env, any([_HOOKS in argv for argv in _compilations(env)]))
    return analysistest.end(env)

_usual_network_test = analysistest.make(_usual_network_test_impl)

def _dumping_network_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.true(env, any([_HOOKS in argv for argv in _compilations(env)]))
    asserts.true(
        env,
        any(["-DTILEWRIGHT_DUMPED_NETWORK=\"good_net\"" in argv for argv in _compilations(env)]),
    )
    return analysistest.end(env)

_dumping_network_test = analysistest.make(
    _dumping_network_test_impl,
    config_settings = {str(Label("//rules:dump_layers")): True},
)

def _failure_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_failure_test = analysistest.make(
    _failure_test_impl,
    attrs = {"message": attr.string(mandatory = True)},
    expect_failure = True,
)

# Never built: analysis is what is tested.
_TAGS = ["manual"]

def rules_tests(name):
    """Defines the tests and the suite `name`.

    Args:
      name: the suite's name.
    """
    onnx_model(name = "good", src = "model.onnx", golden = "golden.npz", tags = _TAGS)
    compiled_network(
        name = "good_net",
        entry_points = {
            "many": {"columns": 2, "rows": 8},
            "one": {"columns": 2, "rows": 1},
        },
        integer_io = ["x"],
        memory_budget = 4096,
        model = ":good",
        states = {"past": "present"},
        tags = _TAGS,
    )
    firmware(
        name = "good_fw",
        srcs = ["main.c"],
        network = ":good_net",
        platform = "//platforms/qemu_rv32",
        stack_size = 8192,
        tags = _TAGS,
    )
    quantized_model(
        name = "good_int8",
        calibration = "calibration.npz",
        model = ":good",
        options = ["--integer-io"],
        tags = _TAGS,
    )
    quantized_model(
        name = "calibrated_int8",
        calibration = "calibration.npz",
        calibration_method = "percentile",
        model = ":good",
        per_channel = False,
        percentile = 99.9,
        tags = _TAGS,
        weight_bits = {"head": 4},
    )
    kernel_library(
        name = "good_kernels",
        overrides = ["fast/mul.c"],
        reference = ["ref/mul.c", "ref/add.c"],
        tags = _TAGS,
    )
    operator_library(
        name = "good_operators",
        srcs = ["operators.py"],
        kernels = [":good_kernels"],
        tags = _TAGS,
    )
    onnx_model(
        name = "own",
        src = "model.onnx",
        operators = [":good_operators"],
        tags = _TAGS,
    )
    compiled_network(name = "own_net", model = ":own", tags = _TAGS)
    golden_data(name = "own_golden", network = ":own_net", tags = _TAGS)
    _operators_test(name = "operators_test", target_under_test = ":own_net")
    _golden_operators_test(name = "golden_operators_test", target_under_test = ":own_golden")
    _placement_test(name = "placement_test", target_under_test = ":good_net")
    _schedule_test(name = "schedule_test", target_under_test = ":good_net")
    _compiled_network_test(name = "compiled_network_test", target_under_test = ":good_net")
    _firmware_test(name = "firmware_test", target_under_test = ":good_fw")
    _quantized_model_test(name = "quantized_model_test", target_under_test = ":good_int8")
    _calibrated_model_test(
        name = "calibrated_model_test",
        target_under_test = ":calibrated_int8",
    )
    _tolerance_test(
        name = "tolerance_test",
        target_under_test = "//models/digits:digits_plain_searched",
    )
    _kernel_library_test(name = "kernel_library_test", target_under_test = ":good_kernels")

    kernel_library(
        name = "bad_kernels",
        overrides = ["fast/mul.c"],
        reference = ["ref/add.c"],
        tags = _TAGS,
    )
    _failure_test(
        name = "override_without_reference_test",
        message = "rules/tests/fast/mul.c overrides nothing: no reference has the base name mul",
        target_under_test = ":bad_kernels",
    )

    simulator_test(
        name = "two_inputs",
        arguments = "text",
        arguments_file = "main.c",
        firmware = ":good_fw",
        tags = _TAGS,
    )
    _failure_test(
        name = "two_inputs_test",
        message = "give `arguments` or `arguments_file`, not both",
        target_under_test = ":two_inputs",
    )

    firmware(
        name = "unsimulated_fw",
        srcs = ["main.c"],
        platform = ":unsimulated",
        tags = _TAGS,
    )
    simulator_test(
        name = "no_simulator",
        firmware = ":unsimulated_fw",
        tags = _TAGS,
    )
    _failure_test(
        name = "no_simulator_test",
        message = "rules/tests:unsimulated has no simulator: register a toolchain of type",
        target_under_test = ":no_simulator",
    )

    firmware(
        name = "no_network_fw",
        srcs = ["main.c"],
        platform = "//platforms/qemu_rv32",
        tags = _TAGS,
    )
    simulator_test(
        name = "no_layers",
        dump_layers = True,
        firmware = ":no_network_fw",
        tags = _TAGS,
    )
    _failure_test(
        name = "no_layers_test",
        message = "no_layers: dump_layers: @@//rules/tests:no_network_fw has no network",
        target_under_test = ":no_layers",
    )
    simulator_test(
        name = "no_golden",
        firmware = ":no_network_fw",
        golden = "golden.npz",
        tags = _TAGS,
    )
    _failure_test(
        name = "no_golden_test",
        message = "no_golden: golden: @@//rules/tests:no_network_fw has 0 networks, not one",
        target_under_test = ":no_golden",
    )
    simulator_test(
        name = "layers",
        dump_layers = True,
        firmware = ":good_fw",
        golden = "golden.npz",
        maximums = {"instructions": "7"},
        tags = _TAGS,
    )
    _layers_test(name = "layers_test", target_under_test = ":layers")
    _usual_network_test(name = "usual_network_test", target_under_test = ":good_net")
    _dumping_network_test(name = "dumping_network_test", target_under_test = ":good_net")

    native.test_suite(name = name, tests = [
        "calibrated_model_test",
        "compiled_network_test",
        "dumping_network_test",
        "firmware_test",
        "golden_operators_test",
        "kernel_library_test",
        "layers_test",
        "no_golden_test",
        "no_layers_test",
        "no_simulator_test",
        "operators_test",
        "override_without_reference_test",
        "placement_test",
        "quantized_model_test",
        "schedule_test",
        "tolerance_test",
        "two_inputs_test",
        "usual_network_test",
    ])
