"""Providers of Tilewright's rules."""

ModelInfo = provider(
    doc = "An ONNX model and what is known to come out of it.",
    fields = {
        "golden": "File: .npz with inputs and, where they are known, expected outputs; or None.",
        "license": "string: SPDX expression of the model's licence; empty if none is stated.",
        "onnx": "File: the model.",
        "operators": "list of OperatorInfo: operators of the model that Tilewright does not have.",
    },
)

OperatorInfo = provider(
    doc = "Operators that a repository adds to those that Tilewright has.",
    fields = {
        "cc_infos": "list of CcInfo: their kernels, for the current configuration.",
        "modules": "list of File: Python modules that tell the compiler of them.",
    },
)

SocInfo = provider(
    doc = "A system on chip: what the compiler, the linker and a simulator read about it.",
    fields = {
        "accelerator": "bool: whether networks use the cluster's accelerator too.",
        "cc_info": "CcInfo: start-up code, console and exit, for the current configuration.",
        "cluster": "bool: whether networks run on the cluster of cores that `description` has.",
        "description": "File: soc.yaml, the one place of the SoC's facts.",
        "linker_script": "File: Jinja template of a linker script; None on a host.",
        "name": "string: name of the SoC.",
    },
)

SimulatorInfo = provider(
    doc = "A program of the execution platform that runs firmware.",
    fields = {
        "executable": "FilesToRunProvider: called as `executable --elf FILE --soc FILE " +
                      "[--arguments FILE]`. Standard output and exit code are the firmware's.",
        "runfiles": "runfiles: what the executable needs when it runs.",
        "statistics": "bool: whether it also takes `--stats FILE`, a JSON file with what " +
                      "platforms/simulator/README.md lists.",
    },
)

NetworkInfo = provider(
    doc = "A network in C, accompanied by CcInfo.",
    fields = {
        "header": "File: declares the network's functions and descriptor.",
        "mapping": "File: JSON, which kernel does the work of which nodes.",
        "memory_map": "File: JSON, what lies where.",
        "model": "ModelInfo: what it was compiled from.",
        "name": "string: prefix of everything that the header declares.",
        "on_cluster": "bool: whether it runs on the cluster of its SoC.",
        "options": "list of string: the compiler's options besides the model.",
        "placement": "File: JSON, addresses of all tensors, or the schedule of a cluster.",
        "source": "File: generated C.",
        "weights": "File: packed weights.",
    },
)

KernelInfo = provider(
    doc = "A set of kernels, accompanied by CcInfo.",
    fields = {
        "sources": "depset of File: the C files that were chosen.",
    },
)

FirmwareInfo = provider(
    doc = "A linked program and what runs it.",
    fields = {
        "disassembly": "File: annotated listing; None on a host.",
        "elf": "File: the program.",
        "map": "File: the linker's map.",
        "networks": "list of NetworkInfo: the networks in it.",
        "platform": "Label: the platform it was built for.",
        "simulator": "SimulatorInfo: runs it; None if the platform has none.",
        "soc": "SocInfo: what it was built for.",
    },
)

RunInfo = provider(
    doc = "A program together with its run-time input.",
    fields = {
        "arguments": "File: run-time input, or None.",
        "firmware": "FirmwareInfo: what runs.",
    },
)
