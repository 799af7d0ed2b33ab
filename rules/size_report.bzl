"""size_report: what a program's size comes from."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:firmware_report.bzl", "report_rule")

_size_report = report_rule(
    doc = "See the macro `size_report`.",
    inputs = lambda _: {},
    tool = "//tools/report:size_report",
)

def size_report(name, firmware, **kwargs):
    """Sections and symbols of a program by size.

    Outputs `<name>.txt`, and `<name>.json` as the output group and target `<name>.json`.

    Args:
      name: the target's name.
      firmware: `firmware`.
      **kwargs: attributes that all rules have.
    """
    _size_report(name = name, firmware = firmware, **kwargs)
    dotted_targets(name, ["json", "txt"], kwargs)
