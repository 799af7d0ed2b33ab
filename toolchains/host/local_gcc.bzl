"""local_gcc: the machine's GCC as a repository, for the sanitized host alone."""

_INSTALL = "install GCC with its sanitizers, e.g. `sudo apt-get install gcc g++` (Debian, Ubuntu) " + \
           "or `sudo dnf install gcc gcc-c++ libasan libubsan` (Fedora)"

_PROBE = "int main() { return 0; }\n"

# A flag per line of `gcc -v`'s include search list, which stands between these two.
_SEARCH_BEGIN = "#include <...> search starts here:"
_SEARCH_END = "End of search list."

_BUILD = """\
load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load({config_rule}, "gcc_toolchain_config")

# The compiler's path is not part of an action's key: what it compiles depends on its version.
filegroup(
    name = "version",
    srcs = ["version.txt"],
)

gcc_toolchain_config(
    name = "config",
    ar = {ar},
    builtin_include_directories = {include_directories},
    gcc = {gcc},
)

cc_toolchain(
    name = "cc",
    all_files = ":version",
    ar_files = ":version",
    as_files = ":version",
    compiler_files = ":version",
    dwp_files = ":version",
    linker_files = ":version",
    objcopy_files = ":version",
    strip_files = ":version",
    supports_param_files = True,
    toolchain_config = ":config",
    toolchain_identifier = "local_gcc",
    visibility = ["//visibility:public"],
)
"""

def _execute(repository_ctx, arguments, what):
    result = repository_ctx.execute(arguments, environment = {"LC_ALL": "C"})
    if result.return_code:
        fail("{}: {}\n{}".format(what, _INSTALL, result.stdout + result.stderr))
    return result

def _include_directories(repository_ctx, gcc):
    result = _execute(
        repository_ctx,
        [gcc, "-E", "-xc++", "-no-canonical-prefixes", "-v", "probe.cc"],
        "The sanitized host needs a C++ compiler, and {} is none".format(gcc),
    )
    listing = result.stderr.split(_SEARCH_BEGIN)[1].split(_SEARCH_END)[0]
    return [line.strip() for line in listing.split("\n") if line.strip()]

def _local_gcc_impl(repository_ctx):
    tools = {}
    for name in ["gcc", "ar"]:
        path = repository_ctx.which(name)
        if not path:
            fail("The sanitized host needs `{}`, which is not on PATH: {}".format(name, _INSTALL))
        tools[name] = str(path)
    repository_ctx.file("probe.cc", _PROBE)
    _execute(
        repository_ctx,
        [tools["gcc"], "-fsanitize=address,undefined", "probe.cc", "-o", "probe"],
        "{} cannot link a program with AddressSanitizer".format(tools["gcc"]),
    )
    version = _execute(
        repository_ctx,
        [tools["gcc"], "-v"],
        "{} does not run".format(tools["gcc"]),
    ).stderr
    repository_ctx.file("version.txt", version)
    repository_ctx.file("BUILD.bazel", _BUILD.format(
        ar = repr(tools["ar"]),
        config_rule = repr(str(Label(":gcc_toolchain_config.bzl"))),
        gcc = repr(tools["gcc"]),
        include_directories = repr(_include_directories(repository_ctx, tools["gcc"])),
    ))
    for scratch in ["probe", "probe.cc"]:
        repository_ctx.delete(scratch)

local_gcc = repository_rule(
    implementation = _local_gcc_impl,
    doc = """`:cc`, a cc_toolchain of the GCC on PATH. Fetched only where a target is built for the
sanitized host; fails then with the install command if GCC or its sanitizers are missing.""",
    environ = ["PATH"],
    local = True,
)
