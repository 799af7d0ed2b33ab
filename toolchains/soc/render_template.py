"""Renders a Jinja template with the facts of a soc.yaml: linker scripts, headers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import jinja2
import yaml


def render(template: str, description: str, overrides: dict[str, int]) -> str:
    """The template filled in with a SoC's description.

    Args:
        template: Jinja template; every key of the description is a variable.
        description: text of a soc.yaml.
        overrides: further variables, which win over keys of the description.

    Raises:
        jinja2.TemplateError: the template is malformed or uses a fact that is not there.
        yaml.YAMLError: the description is malformed.
    """
    facts = yaml.safe_load(description)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    stack_size = facts.get("stack", {}).get("size")
    return environment.from_string(template).render({"stack_size": stack_size} | facts | overrides)


def main(arguments: list[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", type=Path, required=True)
    parser.add_argument("--soc", type=Path, required=True, help="soc.yaml")
    parser.add_argument("--stack-size", type=int, help="bytes, instead of the SoC's default")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    overrides = {} if options.stack_size is None else {"stack_size": options.stack_size}
    try:
        text = render(options.template.read_text(), options.soc.read_text(), overrides)
    except jinja2.TemplateError as error:
        return f"{options.template}: {error.message} (facts come from {options.soc})"
    except yaml.YAMLError as error:
        return f"{options.soc}: {error}"
    options.output.write_text(text)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
