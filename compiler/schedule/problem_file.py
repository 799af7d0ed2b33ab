"""What schedules depend on, as JSON: graphs without the values of weights, and the cluster.

Neither contents of constants are in it, other than those that decide how far operations reach, nor
numbers that only arithmetic depends on. So models that were trained further give the same bytes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np

from compiler.ir import DataType, Graph, Node, Operation, State, TensorType, Value
from compiler.memory.memory_map import FORMAT, dump_json, load_json
from compiler.operators.binary import Arithmetic
from compiler.schedule.plain_data import decoded, encoded
from compiler.schedule.quantization_numbers import without_numbers
from compiler.target.soc import Accelerator, Cluster, Dma

KIND = "schedule problem"


@dataclass(frozen=True)
class ScheduleProblem:
    """Entry points to schedule; `records_layers`: their programs tell what layers make."""

    graphs: tuple[Graph, ...]
    cluster: Cluster
    records_layers: bool


def digest(text: str) -> str:
    """The SHA-256 of a text, which is how files name each other."""
    return sha256(text.encode()).hexdigest()


def is_schedule_problem(text: str) -> bool:
    """Whether it is one for a cluster. Raises ValueError if the text is no problem at all."""
    return load_json(text, "problem").get("kind") == KIND


def problem_to_json(problem: ScheduleProblem) -> str:
    """Canonical text; the graphs are those that are lowered for the cluster."""
    cluster = problem.cluster
    return dump_json(
        {
            "format": FORMAT,
            "kind": KIND,
            "cluster": asdict(cluster),
            "records_layers": problem.records_layers,
            "graphs": [_encoded_graph(graph, cluster.cores) for graph in problem.graphs],
        }
    )


def problem_from_json(text: str) -> ScheduleProblem:
    """The inverse, but that constants are 0 and numbers any.

    Raises ValueError, KeyError or TypeError if the text is not of that form.
    """
    data = load_json(text, KIND)
    facts = data["cluster"]
    accelerator = facts["accelerator"]
    facts["dma"] = Dma(**facts["dma"])
    facts["accelerator"] = None if accelerator is None else Accelerator(**accelerator)
    cluster = Cluster(**facts)
    graphs = tuple(_decoded_graph(graph) for graph in data["graphs"])
    return ScheduleProblem(graphs, cluster, bool(data["records_layers"]))


def _encoded_graph(graph: Graph, cores: int) -> dict[str, Any]:
    reaching = _reaching(graph)
    return {
        "name": graph.name,
        "values": [
            _encoded_value(value, value.name in reaching) for value in graph.values.values()
        ],
        "nodes": [
            {
                "name": node.name,
                "operation": encoded(_planned_operation(graph, node, cores)),
                "inputs": list(node.inputs),
                "outputs": list(node.outputs),
            }
            for node in graph.nodes
        ],
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "states": [[state.input, state.output] for state in graph.states],
    }


def _planned_operation(graph: Graph, node: Node, cores: int) -> Operation:
    types = graph.input_types(node), graph.output_types(node)
    return without_numbers(node.operation, *types, cores)


def _encoded_value(value: Value, reaching: bool) -> dict[str, Any]:
    type_ = value.type
    data: dict[str, Any] = {
        "name": value.name,
        "type": type_.data_type.value,
        "shape": list(type_.shape),
        "constant": value.constant is not None,
    }
    if reaching and value.constant is not None:
        data["values"] = value.constant.ravel().tolist()
    return data


def _reaching(graph: Graph) -> set[str]:
    """Integers that are added: offsets of positions, which decide how much of a cache is in use."""
    return {
        name
        for node in graph.nodes
        if isinstance(node.operation, Arithmetic) and node.operation.function == "add"
        for name in node.inputs
        if name is not None and graph.values[name].type.data_type is DataType.INT32
    }


def _decoded_graph(data: dict[str, Any]) -> Graph:
    graph = Graph(data["name"])
    for entry in data["values"]:
        type_ = TensorType(DataType(entry["type"]), tuple(entry["shape"]))
        value = Value(entry["name"], type_)
        if entry["constant"]:
            numpy_type = type_.data_type.numpy
            value = replace(
                value,
                constant=np.array(entry["values"], numpy_type).reshape(type_.shape)
                if "values" in entry
                else np.zeros(type_.shape, numpy_type),
            )
        graph.add_value(value)
    for entry in data["nodes"]:
        operation = decoded(entry["operation"])
        if not isinstance(operation, Operation):
            raise ValueError(f"node {entry['name']!r} has no operation")
        node = Node(entry["name"], operation, tuple(entry["inputs"]), tuple(entry["outputs"]))
        graph.nodes.append(node)
    graph.inputs = list(data["inputs"])
    graph.outputs = list(data["outputs"])
    graph.states = [State(source, target) for source, target in data["states"]]
    return graph
