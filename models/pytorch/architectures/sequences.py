"""Networks for sequences, sets and graphs without attention over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations


class TemporalBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.padding = 2 * dilation
        self.convolution1 = parametrizations.weight_norm(
            nn.Conv1d(inputs, outputs, 3, padding=self.padding, dilation=dilation)
        )
        self.convolution2 = nn.Conv1d(outputs, outputs, 3, dilation=dilation)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.convolution1(x)[:, :, : -self.padding])
        y = functional.relu(self.convolution2(functional.pad(y, (self.padding, 0))))
        return functional.relu(y + self.shortcut(x))


class TemporalConvolution(nn.Module):
    """Causal dilated convolutions with weight normalisation; the last step counts."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            TemporalBlock(4, 12, 1), TemporalBlock(12, 12, 2), TemporalBlock(12, 12, 4)
        )
        self.head = nn.Linear(12, 3)

    def forward(self, signal: Tensor) -> Tensor:
        return self.head(self.blocks(signal)[:, :, -1])


class GatedConvolution(nn.Module):
    """WaveNet's gates: tanh times sigmoid, with skip connections."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, channels, 1)
        self.layers = nn.ModuleList(
            [nn.Conv1d(channels, 2 * channels, 2, dilation=2**i) for i in range(3)]
        )
        self.skips = nn.ModuleList([nn.Conv1d(channels, channels, 1) for _ in range(3)])
        self.head = nn.Conv1d(channels, 2, 1)

    def forward(self, signal: Tensor) -> Tensor:
        x = self.stem(signal)
        total = torch.zeros_like(x)
        for i, (layer, skip) in enumerate(zip(self.layers, self.skips, strict=True)):
            value, gate = layer(functional.pad(x, (2**i, 0))).chunk(2, dim=1)
            y = skip(torch.tanh(value) * torch.sigmoid(gate))
            total = total + y
            x = x + y
        return self.head(functional.relu(total))


class KeywordSpotter(nn.Module):
    """Depthwise separable convolutions over a spectrogram."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(1, channels, (10, 4), (2, 2), (5, 1), bias=False),
            *(nn.BatchNorm2d(channels), nn.ReLU()),
        ]
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, channels, 3, padding="same", groups=channels, bias=False),
                *(nn.BatchNorm2d(channels), nn.ReLU()),
                nn.Conv2d(channels, channels, 1, bias=False),
                *(nn.BatchNorm2d(channels), nn.ReLU()),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(channels, 12)

    def forward(self, spectrogram: Tensor) -> Tensor:
        y = self.layers(spectrogram)
        y = functional.avg_pool2d(y, kernel_size=y.shape[-2:]).squeeze(-1).squeeze(-1)
        return functional.log_softmax(self.head(y), dim=-1)


class Gru(nn.Module):
    """A GRU over a fixed number of steps, and a dense layer on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrence = nn.GRU(6, 16, batch_first=True)
        self.head = nn.Linear(16, 4)

    def forward(self, signal: Tensor) -> Tensor:
        states, _ = self.recurrence(signal)
        return self.head(states[:, -1])


class BidirectionalLstm(nn.Module):
    """Two layers of LSTM in both directions; one label a step."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrence = nn.LSTM(6, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, signal: Tensor) -> Tensor:
        states, _ = self.recurrence(signal)
        return self.head(states)


class StreamingLstm(nn.Module):
    """One block of an audio stream: the LSTM's state goes in and comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrence = nn.LSTM(8, 12)
        self.mask = nn.Sequential(nn.Linear(12, 8), nn.Sigmoid())

    def forward(self, block: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
        states, (hidden, cell) = self.recurrence(block, (hidden, cell))
        return block * self.mask(states), hidden, cell


class CellLoop(nn.Module):
    """GRUCell and LSTMCell in a loop of Python."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.GRUCell(4, 8)
        self.second = nn.LSTMCell(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, signal: Tensor) -> Tensor:
        batch, steps, _ = signal.shape
        state = signal.new_zeros(batch, 8)
        hidden, cell = signal.new_zeros(batch, 8), signal.new_zeros(batch, 8)
        for step in range(steps):
            state = self.first(signal[:, step], state)
            hidden, cell = self.second(state, (hidden, cell))
        return self.head(hidden)


class GraphConvolution(nn.Module):
    """Two graph convolutions over a dense adjacency matrix, normalised by degrees."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 12)
        self.second = nn.Linear(12, 12)
        self.head = nn.Linear(12, 3)

    def forward(self, features: Tensor, adjacency: Tensor) -> Tensor:
        loops = (adjacency > 0).float() + torch.eye(adjacency.shape[-1])
        root = loops.sum(-1).rsqrt()
        normalized = root.unsqueeze(-1) * loops * root.unsqueeze(-2)
        y = functional.relu(normalized @ self.first(features))
        y = functional.relu(normalized @ self.second(y))
        return self.head(y.mean(dim=1))


class AttentionPooling(nn.Module):
    """Multiple instances: a gated attention weighs them, and says how much each one counted."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(10, 16)
        self.value = nn.Linear(16, 8)
        self.gate = nn.Linear(16, 8)
        self.score = nn.Linear(8, 1)
        self.head = nn.Linear(16, 2)

    def forward(self, instances: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.leaky_relu(self.embed(instances))
        scores = self.score(torch.tanh(self.value(x)) * torch.sigmoid(self.gate(x)))
        weights = torch.softmax(scores, dim=1)
        pooled = torch.einsum("bno,bnd->bd", weights, x)
        return self.head(pooled), weights.squeeze(-1)


class PointNet(nn.Module):
    """One network for all points of a cloud, aligned by a small one, and their maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.align = nn.Sequential(nn.Conv1d(3, 8, 1), nn.ReLU())
        self.transform = nn.Linear(8, 9)
        self.points = nn.Sequential(
            *(nn.Conv1d(3, 16, 1), nn.BatchNorm1d(16), nn.ReLU()),
            *(nn.Conv1d(16, 24, 1), nn.BatchNorm1d(24), nn.ReLU()),
        )
        self.head = nn.Linear(24, 4)

    def forward(self, cloud: Tensor) -> Tensor:
        matrix = self.transform(self.align(cloud).max(dim=2).values).view(-1, 3, 3)
        aligned = torch.bmm(matrix + torch.eye(3), cloud)
        return self.head(torch.max(self.points(aligned), 2)[0])
