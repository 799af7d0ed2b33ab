"""Trains the TinyStories network on the CPU.

Optimiser: Muon (Jordan et al. 2024, momentum orthogonalised by five Newton-Schulz iterations) for
the matrices of the layers, Adam for embedding, head and norm weights. Learning rate: linear
warm-up, constant, linear decay to zero. Worker processes share one weight set; each takes the next
part of the batch when it is free, so that a busy core does not hold up the other.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as processes
from torch.nn import functional

from models.tinystories.tokenizer import Tokenizer
from models.tinystories.training.corpus import encode_stories, read_stories
from models.tinystories.training.network import POINTS, Network
from models.tinystories.training.windows import TrainingWindows, evaluation_windows

MATRICES = ("query_key_value", "projection", "gate_up", "down")
MATRIX_RATE = 0.02
MATRIX_DECAY = 0.1
OTHER_RATE = {
    "embedding": 0.01,
    "head": 0.005,
    "attention_norm": 0.005,
    "feed_forward_norm": 0.005,
    "final_norm": 0.005,
}
LOGIT_PENALTY = 1e-4
PEAK_MOMENTUM = 0.98


def split_matrices(name: str, x: torch.Tensor) -> torch.Tensor:
    """Views a stack [layers, in, n * out] as [layers * n, in, out], one matrix per product."""
    layers, rows, columns = x.shape
    parts = {"query_key_value": 3, "gate_up": 2}.get(name, 1)
    x = x.reshape(layers, rows, parts, columns // parts).transpose(1, 2)
    return x.reshape(layers * parts, rows, columns // parts)


def join_matrices(name: str, x: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Inverse of ``split_matrices``."""
    layers, rows, columns = shape
    parts = {"query_key_value": 3, "gate_up": 2}.get(name, 1)
    x = x.reshape(layers, parts, rows, columns // parts).transpose(1, 2)
    return x.reshape(shape)


def orthogonalize(x: torch.Tensor) -> torch.Tensor:
    """Pushes the singular values of each matrix towards 1 (quintic Newton-Schulz)."""
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.mT if tall else x


class Optimizer:
    """Updates the network in place; ``state`` holds everything needed to resume."""

    def __init__(self, network: Network) -> None:
        self._weights = dict(network.named_parameters())
        self.state = {
            f"{name}/{kind}": torch.zeros_like(weight)
            for name, weight in self._weights.items()
            for kind in (("momentum",) if name in MATRICES else ("momentum", "square"))
        }

    @torch.no_grad()
    def step(self, gradients: dict[str, torch.Tensor], step: int, rate: float) -> None:
        """Applies one update; ``rate`` scales all learning rates."""
        for name, weight in self._weights.items():
            gradient = gradients[name]
            momentum = self.state[f"{name}/momentum"]
            if name in MATRICES:
                momentum.lerp_(gradient, 0.05)
                parts = split_matrices(name, gradient.lerp(momentum, 0.95))
                update = orthogonalize(parts) * max(1.0, parts.shape[-1] / parts.shape[-2]) ** 0.5
                weight.mul_(1 - rate * MATRIX_RATE * MATRIX_DECAY)
                weight.sub_(rate * MATRIX_RATE * join_matrices(name, update, weight.shape))
            else:
                square = self.state[f"{name}/square"]
                momentum.lerp_(gradient, 0.1)
                square.lerp_(gradient.square(), 0.01)
                corrected = momentum / (1 - 0.9 ** (step + 1))
                scale = (square / (1 - 0.99 ** (step + 1))).sqrt() + 1e-10
                weight.sub_(rate * OTHER_RATE[name] * corrected / scale)


def validation_windows(
    tokens: np.ndarray, count: int | None
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Returns inputs (zero-padded) and targets (-1: not scored), batches of [32, 256]."""
    windows = list(evaluation_windows(tokens))[:count]
    batches: list[tuple[torch.Tensor, torch.Tensor]] = []
    for begin in range(0, len(windows), 32):
        inputs = torch.zeros(32, 256, dtype=torch.int64)
        targets = torch.full((32, 256), -1, dtype=torch.int64)
        for row, window in enumerate(windows[begin : begin + 32]):
            n = len(window.tokens) - 1
            inputs[row, :n] = torch.from_numpy(window.tokens[:-1])
            targets[row, window.scored_from : n] = torch.from_numpy(
                window.tokens[1 + window.scored_from :]
            )
        batches.append((inputs, targets))
    return batches


@torch.no_grad()
def evaluate(
    network: Network,
    batches: list[tuple[torch.Tensor, torch.Tensor]],
    peaks: torch.Tensor | None = None,
) -> tuple[float, int]:
    """Returns the summed loss in bits and the number of scored tokens."""
    bits, scored = 0.0, 0
    for inputs, targets in batches:
        logits, _ = network(inputs, peaks)
        loss = functional.cross_entropy(
            logits.view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-1, reduction="sum"
        )
        bits += loss.item() / math.log(2)
        scored += int((targets >= 0).sum())
    return bits, scored


def objective(
    network: Network, inputs: torch.Tensor, targets: torch.Tensor, peaks: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns cross entropy in nat/token, the penalty on large logits, and the magnitudes seen."""
    logits, magnitudes = network(inputs, peaks, peaks is not None)
    loss = functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))
    penalty = LOGIT_PENALTY * logits.logsumexp(-1).square().mean()
    return loss, penalty, magnitudes


@torch.no_grad()
def observe(
    network: Network, batches: list[tuple[torch.Tensor, torch.Tensor]], peaks: torch.Tensor
) -> None:
    """Sets the ranges to the largest magnitudes on some float batches."""
    peaks.zero_()
    for inputs, _ in batches:
        torch.maximum(peaks, network(inputs, None, True)[1], out=peaks)


def worker(rank: int, arguments: argparse.Namespace, shared: dict) -> None:  # type: ignore[type-arg]
    """One process: takes batch parts until the last step; rank 0 also updates and reports."""
    torch.set_num_threads(1)
    network: Network = shared["network"]
    gradients: dict[str, torch.Tensor] = shared["gradients"]
    peaks: torch.Tensor = shared["peaks"]
    seen: torch.Tensor = shared["seen"]
    barrier, lock, ticket, losses = (shared[k] for k in ("barrier", "lock", "ticket", "losses"))
    local = Network(0)
    compiled = torch.compile(objective, dynamic=False)
    optimizer = Optimizer(network)
    if rank == 0 and "optimizer" in shared:
        optimizer.state = shared["optimizer"]
    data = TrainingWindows(shared["tokens"], arguments.seed)
    began = time.time()
    for step in range(arguments.first_step, min(arguments.steps, arguments.stop_at)):
        quantized = step >= arguments.quantize_from
        if step == max(arguments.first_step, arguments.quantize_from):
            if rank == 0:
                observe(network, shared["validation"][:2], peaks)
            barrier.wait()
        length = 128 if step < arguments.short_until else 256
        rows = arguments.part_tokens // length
        # Private weights: the shared ones change only between the barriers.
        with torch.no_grad():
            for mine, common in zip(local.parameters(), network.parameters(), strict=True):
                mine.copy_(common)
                mine.grad = None
        total, largest = 0.0, torch.zeros(len(POINTS))
        while True:
            with lock:
                part = ticket.value
                ticket.value += 1
            if part >= arguments.parts:
                break
            inputs, targets = (torch.from_numpy(x) for x in data.batch(step, part, rows, length))
            with torch.autocast("cpu", torch.bfloat16):
                loss, penalty, magnitudes = compiled(
                    local, inputs, targets, peaks.clone() if quantized else None
                )
            (loss + penalty).backward()
            total += loss.item() / arguments.parts
            largest = torch.maximum(largest, magnitudes)
        with lock:
            for name, weight in local.named_parameters():
                if weight.grad is not None:
                    gradients[name] += weight.grad / arguments.parts
            losses.value += total
            torch.maximum(seen, largest, out=seen)
        barrier.wait()
        if rank == 0:
            update(arguments, shared, optimizer, step, began)
        barrier.wait()


def update(
    arguments: argparse.Namespace,
    shared: dict,  # type: ignore[type-arg]
    optimizer: Optimizer,
    step: int,
    began: float,
) -> None:
    """What happens once per step: weights, activation ranges, log, checkpoint."""
    ahead = (arguments.steps - step) / arguments.decay_steps
    rate = arguments.rate * min(1.0, (step + 1) / 100, ahead)
    optimizer.step(shared["gradients"], step, rate)
    for gradient in shared["gradients"].values():
        gradient.zero_()
    peaks, seen = shared["peaks"], shared["seen"]
    if step >= arguments.quantize_from:
        # The range follows growth at once and shrinks slowly, like a maximum over many batches.
        peaks.copy_(torch.maximum(seen, peaks * PEAK_MOMENTUM + seen * (1 - PEAK_MOMENTUM)))
        seen.zero_()
    loss = shared["losses"].value
    shared["losses"].value = 0.0
    shared["ticket"].value = 0
    shared["average"] = (
        loss if step == arguments.first_step else 0.98 * shared["average"] + 0.02 * loss
    )
    last = step + 1 == min(arguments.steps, arguments.stop_at)
    if step % 20 == 0:
        print(
            f"step {step} loss {loss:.4f} average {shared['average']:.4f} rate {rate:.3f} "
            f"seconds {time.time() - began:.0f}",
            flush=True,
        )
    if (step + 1) % arguments.evaluate_every == 0 or last:
        batches = shared["validation"]
        line = f"step {step} validation subset:"
        for ranges in [None] + ([peaks] if step >= arguments.quantize_from else []):
            bits, scored = evaluate(shared["network"], batches, ranges)
            nats = bits * math.log(2) / scored
            line += (
                f" {nats:.4f} nat/token, {bits / scored / shared['bytes_per_token']:.4f} bit/byte"
            )
        print(line, flush=True)
    if (step + 1) % 100 == 0 or last:
        partial = arguments.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "network": shared["network"].state_dict(),
                "optimizer": optimizer.state,
                "peaks": peaks,
                "step": step + 1,
            },
            partial,
        )
        os.replace(partial, arguments.checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of train/valid.txt.xz")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--restart-steps", action="store_true", help="count steps from 0 again")
    parser.add_argument("--steps", type=int, required=True, help="number of updates in total")
    parser.add_argument("--decay-steps", type=int, required=True, help="length of the decay")
    parser.add_argument("--stop-at", type=int, default=1 << 30, help="end before this step")
    parser.add_argument("--short-until", type=int, default=0, help="windows of 128 up to this step")
    parser.add_argument(
        "--quantize-from", type=int, default=1 << 30, help="simulate int8 from here"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on all learning rates")
    parser.add_argument("--part-tokens", type=int, default=1024)
    parser.add_argument("--parts", type=int, default=8, help="parts per update")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--evaluate-every", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    tokenizer = Tokenizer.load(arguments.tokenizer)
    valid = read_stories(arguments.data / "valid.txt.xz")
    valid_tokens = encode_stories(tokenizer, valid)
    network = Network(arguments.seed)
    shared = {
        "network": network.share_memory(),
        "gradients": {
            n: torch.zeros_like(w).share_memory_() for n, w in network.named_parameters()
        },
        "peaks": torch.zeros(len(POINTS)).share_memory_(),
        "seen": torch.zeros(len(POINTS)).share_memory_(),
        "tokens": encode_stories(tokenizer, read_stories(arguments.data / "train.txt.xz")),
        "validation": validation_windows(valid_tokens, 128),
        "bytes_per_token": sum(map(len, valid)) / (len(valid_tokens) - 1),
    }
    arguments.first_step = 0
    if arguments.resume:
        saved = torch.load(arguments.resume)
        network.load_state_dict(saved["network"])
        shared["peaks"].copy_(saved["peaks"])
        shared["optimizer"] = saved["optimizer"]
        arguments.first_step = 0 if arguments.restart_steps else saved["step"]
    context = processes.get_context("spawn")
    shared["barrier"] = context.Barrier(arguments.workers)
    shared["lock"] = context.Lock()
    shared["ticket"] = context.Value("i", 0)
    shared["losses"] = context.Value("d", 0.0)
    processes.spawn(worker, args=(arguments, shared), nprocs=arguments.workers)


if __name__ == "__main__":
    main()
