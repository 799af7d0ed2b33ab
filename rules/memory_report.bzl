"""memory_report: every byte of a program."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:firmware_report.bzl", "report_rule")

def _inputs(firmware):
    maps = [network.memory_map for network in firmware.networks]
    return {
        "--memory-map": maps,
        "--soc": [firmware.soc.description],
    }

_memory_report = report_rule(
    doc = "See the macro `memory_report`.",
    inputs = _inputs,
    page = True,
    tool = "//tools/report:memory_report",
)

def memory_report(name, firmware, **kwargs):
    """What lies where in the memories of a SoC: code, weights, states, activations, stack, gaps.

    Outputs `<name>.txt`; `<name>.json` and the page `<name>.html` as output groups and targets of these
    names. The page has a picture of each memory: what lies where, and for networks on a cluster when.

    Args:
      name: the target's name.
      firmware: `firmware`.
      **kwargs: attributes that all rules have.
    """
    _memory_report(name = name, firmware = firmware, **kwargs)
    dotted_targets(name, ["html", "json", "txt"], kwargs)
