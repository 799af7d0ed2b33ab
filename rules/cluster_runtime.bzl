"""cluster_runtime: what firmware needs of a chip that is built like Siracusa."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load(":soc_template.bzl", "soc_template")

_SIRACUSA = "//platforms/siracusa:"

def cluster_runtime(name, description, accelerator = False, visibility = None):
    """The `runtime` of a `soc_platform`: a controller, and a cluster of cores with L1 and DMA.

    It starts the controller and the cluster, and implements tilewright/soc_interface.h, cluster.h,
    dma.h and performance_counter.h. How many cores there are, and where memories and devices lie,
    it reads in `description`; the linker script is `@tilewright//platforms/siracusa:link.ld.jinja`.

    Args:
      name: the library's name.
      description: soc.yaml, with the keys of platforms/siracusa/soc.yaml.
      accelerator: whether the chip has N-EUREKA, and `description` says what it is like; it
        implements tilewright/accelerator.h then, too.
      visibility: who may use it.
    """
    header = name + "_header"
    includes = name + ".include"
    soc_template(
        name = header,
        out = includes + "/platforms/siracusa/soc.h",
        description = description,
        template = Label(_SIRACUSA + "soc.h.jinja"),
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name + "_headers",
        hdrs = [header],
        strip_include_prefix = includes,
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        srcs = [Label(_SIRACUSA + "runtime_sources")] +
               ([Label(_SIRACUSA + "accelerator_runtime_sources")] if accelerator else []),
        # This chip's addresses are nobody else's.
        implementation_deps = [name + "_headers"],
        target_compatible_with = [Label("//platforms/constraints/isa:rv32imfcxcv")],
        visibility = visibility,
        deps = [
            Label("//firmware:headers"),
            Label("//firmware/runtime/cluster"),
            Label("//firmware/runtime/riscv"),
            Label("//kernels:headers"),
        ],
        alwayslink = True,
    )
