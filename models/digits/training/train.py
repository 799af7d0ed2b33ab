"""Trains the two digit classifiers and writes their weights and the data that the build needs.

Runs outside the build, as it needs torch and scikit-learn; see the README beside this folder. The
seed is fixed; a run takes about a minute on two cores.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

SEED = 20
EPOCHS = 60
TEST_IMAGES = 360
CALIBRATION_IMAGES = 64


class Plain(nn.Module):
    """Two convolutions, max pooling and a classifier; input [n, 1, 8, 8] in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(1, 16, 3, padding=1)
        self.convolution2 = nn.Conv2d(16, 32, 3, padding=1)
        self.classifier = nn.Linear(32 * 4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(torch.relu(self.convolution1(x)), 2)
        x = functional.max_pool2d(torch.relu(self.convolution2(x)), 2)
        return self.classifier(x.flatten(1))


def normalised(*arguments: int, **options: int) -> nn.Sequential:
    """A convolution and its batch normalisation."""
    convolution = nn.Conv2d(*arguments, **options, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(arguments[1]))


class Separable(nn.Module):
    """Depthwise-separable convolutions with a residual connection and average pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = normalised(1, 16, 3, padding=1)
        self.depthwise1 = normalised(16, 16, 3, stride=2, padding=1, groups=16)
        self.pointwise1 = normalised(16, 32, 1)
        self.depthwise2 = normalised(32, 32, 3, padding=1, groups=32)
        self.pointwise2 = normalised(32, 32, 1)
        self.classifier = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(self.pointwise1(torch.relu(self.depthwise1(x))))
        x = torch.relu(x + self.pointwise2(torch.relu(self.depthwise2(x))))
        return self.classifier(x.mean((2, 3)))


def split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test images (0..16, [n, 8, 8]) and labels, shuffled with the fixed seed."""
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.images))
    images = digits.images[order].astype(np.uint8)
    labels = digits.target[order].astype(np.uint8)
    return images[TEST_IMAGES:], labels[TEST_IMAGES:], images[:TEST_IMAGES], labels[:TEST_IMAGES]


def as_input(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images[:, None].astype(np.float32) / 16.0)


def train(network: nn.Module, images: np.ndarray, labels: np.ndarray) -> None:
    x, y = as_input(images), torch.from_numpy(labels.astype(np.int64))
    steps_per_epoch = len(x) // 32
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, EPOCHS * steps_per_epoch)
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(x))[: steps_per_epoch * 32].split(32):
            shifted = torch.roll(x[batch], tuple(torch.randint(-1, 2, (2,)).tolist()), (2, 3))
            loss = functional.cross_entropy(network(shifted), y[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if epoch % 10 == 9:
            print(f"{type(network).__name__} epoch {epoch + 1}: loss {loss.item():.4f}", flush=True)


def folded(network: nn.Module) -> dict[str, np.ndarray]:
    """Weights and biases by layer, with batch normalisation folded into the convolutions."""
    weights: dict[str, np.ndarray] = {}
    for name, layer in network.named_children():
        if isinstance(layer, nn.Sequential):
            layer = torch.nn.utils.fuse_conv_bn_eval(layer[0], layer[1])
        weights[f"{name}.weight"] = layer.weight.detach().numpy()
        weights[f"{name}.bias"] = layer.bias.detach().numpy()
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[1])
    folder = parser.parse_args().output
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    images, labels, test_images, test_labels = split()
    for name, network in OrderedDict(plain=Plain(), separable=Separable()).items():
        train(network, images, labels)
        network.eval()
        with torch.no_grad():
            found = network(as_input(test_images)).argmax(1).numpy()
        print(f"{name}: test accuracy {np.mean(found == test_labels):.4f}")
        np.savez_compressed(folder / f"{name}_weights.npz", **folded(network))
    np.savez_compressed(folder / "test_digits.npz", images=test_images, labels=test_labels)
    np.savez_compressed(
        folder / "calibration.npz", image=as_input(images[:CALIBRATION_IMAGES]).numpy()
    )


if __name__ == "__main__":
    main()
