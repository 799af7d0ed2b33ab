"""Tilewright's public rules."""

load(":compiled_network.bzl", _compiled_network = "compiled_network")
load(":firmware.bzl", _firmware = "firmware")
load(":firmware_sbom.bzl", _firmware_sbom = "firmware_sbom")
load(":golden_data.bzl", _golden_data = "golden_data")
load(":kernel_library.bzl", _kernel_library = "kernel_library")
load(":memory_report.bzl", _memory_report = "memory_report")
load(":network_test.bzl", _network_test = "network_test")
load(":onnx_model.bzl", _onnx_model = "onnx_model")
load(":profile_report.bzl", _profile_report = "profile_report")
load(":quantized_model.bzl", _quantized_model = "quantized_model")
load(":simulator.bzl", _simulator = "simulator")
load(":simulator_run.bzl", _simulator_run = "simulator_run")
load(":simulator_test.bzl", _simulator_test = "simulator_test")
load(":size_report.bzl", _size_report = "size_report")
load(":soc.bzl", _soc = "soc")
load(":soc_platform.bzl", _soc_platform = "soc_platform")
load(":soc_template.bzl", _soc_template = "soc_template")

compiled_network = _compiled_network
firmware = _firmware
firmware_sbom = _firmware_sbom
golden_data = _golden_data
kernel_library = _kernel_library
memory_report = _memory_report
network_test = _network_test
onnx_model = _onnx_model
profile_report = _profile_report
quantized_model = _quantized_model
simulator = _simulator
simulator_run = _simulator_run
simulator_test = _simulator_test
size_report = _size_report
soc = _soc
soc_platform = _soc_platform
soc_template = _soc_template
