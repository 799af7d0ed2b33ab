"""Networks for images."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainCnn(nn.Module):
    """Convolutions, batch normalisation, maximum pooling and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 4 * 4, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10)
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.classifier(self.features(image))


class ResidualBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.normalization1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.normalization2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.normalization1(self.convolution1(x)))
        y = self.normalization2(self.convolution2(y))
        return functional.relu(y + self.shortcut(x))


class ResidualCnn(nn.Module):
    """Two residual blocks behind a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        )
        self.blocks = nn.Sequential(ResidualBlock(8, 8, 1), ResidualBlock(8, 16, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(16, 10)

    def forward(self, image: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.blocks(self.stem(image))), 1))


class SqueezeExcite(nn.Module):
    """Scales channels by what a small network makes of their means."""

    def __init__(self, channels: int, hidden: int, gate: type[nn.Module]) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.expand(functional.relu(self.reduce(self.pool(x)))))


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.expand = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.Hardswish()
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
        )
        self.excite = SqueezeExcite(hidden, hidden // 4, nn.Hardsigmoid)
        self.project = nn.Sequential(
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.excite(self.depthwise(self.expand(x))))
        return x + y if self.is_residual else y


class MobileNet(nn.Module):
    """Inverted residuals as in the third MobileNet: hard swish, gates, and ReLU6."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish()
        )
        self.blocks = nn.Sequential(InvertedResidual(8, 16, 8, 1), InvertedResidual(8, 24, 12, 2))
        self.classifier = nn.Linear(12, 5)

    def forward(self, image: Tensor) -> Tensor:
        return self.classifier(self.blocks(self.stem(image)).mean((2, 3)))


class SqueezeExciteCnn(nn.Module):
    """A convolution, a squeeze-and-excite gate, and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 16, 3, 2, 1)
        self.excite = SqueezeExcite(16, 4, nn.Sigmoid)
        self.activation = nn.SiLU()
        self.classifier = nn.Linear(16, 4)

    def forward(self, image: Tensor) -> Tensor:
        y = self.excite(self.activation(self.convolution(image)))
        return self.classifier(functional.adaptive_avg_pool2d(y, 1).view(y.shape[0], -1))


class UNet(nn.Module):
    """Two levels down, and up again by a transposed convolution and bilinear interpolation."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = self._pair(1, 8)
        self.down2 = self._pair(8, 12)
        self.bottom = self._pair(12, 16)
        self.up2 = nn.ConvTranspose2d(16, 12, 2, 2)
        self.join2 = self._pair(24, 12)
        self.up1 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.join1 = self._pair(20, 8)
        self.head = nn.Conv2d(8, 2, 1)

    @staticmethod
    def _pair(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.ReLU(inplace=True),
        )

    def forward(self, image: Tensor) -> Tensor:
        first = self.down1(image)
        second = self.down2(functional.max_pool2d(first, 2))
        bottom = self.bottom(functional.max_pool2d(second, 2))
        y = self.join2(torch.cat([self.up2(bottom), second], dim=1))
        y = self.join1(torch.cat([self.up1(y), first], dim=1))
        return self.head(y)


class ConvNextBlock(nn.Module):
    """A depthwise convolution, a normalisation over channels, two dense layers, a residual."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 4, 4)
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.normalization = nn.LayerNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, 4 * channels)
        self.project = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        y = self.depthwise(x).permute(0, 2, 3, 1)
        y = self.project(functional.gelu(self.expand(self.normalization(y))))
        return x + (self.scale * y).permute(0, 3, 1, 2)


class ShuffleNet(nn.Module):
    """Half of the channels pass; grouped convolutions and a channel shuffle follow."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        half = channels // 2
        self.stem = nn.Conv2d(1, channels, 3, 2, 1)
        self.branch = nn.Sequential(
            *(nn.Conv2d(half, half, 1), nn.BatchNorm2d(half), nn.LeakyReLU(0.1)),
            *(nn.Conv2d(half, half, 3, padding=1, groups=half), nn.BatchNorm2d(half)),
            *(nn.Conv2d(half, half, 1, groups=2), nn.PReLU(half)),
        )
        self.classifier = nn.Linear(channels, 6)

    def forward(self, image: Tensor) -> Tensor:
        passed, changed = self.stem(image).chunk(2, dim=1)
        y = torch.cat((passed, self.branch(changed)), dim=1)
        batch, channels, height, width = y.shape
        y = y.view(batch, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        y = y.view(batch, channels, height, width)
        return self.classifier(y.amax((2, 3)))


class Autoencoder(nn.Module):
    """A convolutional autoencoder: the reconstruction and its mean squared error."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, 2, 1), nn.ELU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ELU()),
            *(nn.Flatten(), nn.Linear(16 * 4 * 4, 12)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(12, 16 * 4 * 4), nn.ELU(), nn.Unflatten(1, (16, 4, 4))),
            *(nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.ELU()),
            *(nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid()),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        found = self.decoder(self.encoder(image))
        return found, ((found - image) ** 2).mean(dim=(1, 2, 3))


class DetectionHead(nn.Module):
    """Two levels of a feature pyramid; boxes from distributions, decoded on a grid, best first."""

    def __init__(self, classes: int = 3, bins: int = 4, best: int = 5) -> None:
        super().__init__()
        self.classes, self.bins, self.best = classes, bins, best
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 4, 1), nn.SiLU())
        self.deeper = nn.Sequential(nn.Conv2d(12, 12, 3, 2, 1), nn.SiLU())
        self.lateral = nn.Conv2d(12, 12, 1)
        outputs = classes + 4 * bins
        self.heads = nn.ModuleList([nn.Conv2d(12, outputs, 1) for _ in range(2)])
        self.register_buffer("distances", torch.arange(bins, dtype=torch.float32))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.stem(image)
        coarse = self.deeper(fine)
        fine = fine + functional.interpolate(self.lateral(coarse), scale_factor=2, mode="nearest")
        boxes, scores = [], []
        for head, level, stride in zip(self.heads, (fine, coarse), (4, 8), strict=True):
            y = head(level)
            batch, _, height, width = y.shape
            y = y.flatten(2).transpose(1, 2)
            sides, logits = y.split((4 * self.bins, self.classes), dim=-1)
            sides = sides.reshape(batch, height * width, 4, self.bins).softmax(-1)
            sides = (sides * self.distances).sum(-1)
            rows, columns = torch.meshgrid(
                torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij"
            )
            centres = torch.stack((columns, rows), dim=-1).reshape(1, -1, 2)
            low, high = sides.chunk(2, dim=-1)
            boxes.append(torch.cat((centres - low, centres + high), dim=-1) * stride)
            scores.append(logits.sigmoid())
        all_boxes, all_scores = torch.cat(boxes, dim=1), torch.cat(scores, dim=1)
        best, classes = all_scores.max(dim=-1)
        values, indices = best.topk(self.best, dim=1)
        chosen = all_boxes.gather(1, indices.unsqueeze(-1).expand(-1, -1, 4))
        return chosen, values, classes.gather(1, indices)


class HeatmapPose(nn.Module):
    """Key points as expected positions under heat maps, with instance and group normalisation."""

    def __init__(self, points: int = 4) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(1, 8, 3, 2, padding=1, padding_mode="reflect")
        self.normalization1 = nn.InstanceNorm2d(8, affine=True)
        self.convolution2 = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.normalization2 = nn.GroupNorm(2, 8)
        self.head = nn.Conv2d(8, points, 1)

    def forward(self, image: Tensor) -> Tensor:
        y = functional.mish(self.normalization1(self.convolution1(image)))
        y = functional.softplus(self.normalization2(self.convolution2(y)))
        heat = self.head(y)
        height, width = heat.shape[-2:]
        heat = heat.flatten(2).softmax(-1).unflatten(-1, (height, width))
        column = (heat.sum(-2) * torch.linspace(-1, 1, width)).sum(-1)
        row = (heat.sum(-1) * torch.linspace(-1, 1, height)).sum(-1)
        return torch.stack((column, row), dim=-1)
