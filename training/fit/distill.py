"""Distillation: a student learns from the labels and from its teachers' answers to the same frames.

Teacher and student may step at different paces: `interpolate_steps` and `align_attention` bring a teacher's answers to
the student's steps. For the summaries a projection from the student's width to the teacher's is learnt, and dropped
after training (FitNets, Romero et al. 2015).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from training.config import CrnnConfig, DistillConfig
from training.features.batches import Targets
from training.network.checkpoint import load_crnn
from training.network.crnn import Answer, Crnn, fresh_state
from training.network.losses import attention_loss, dark_loss, peak_logits, peak_loss, summary_loss


def interpolate_steps(values: Tensor, teacher: CrnnConfig, student: CrnnConfig, steps: int) -> Tensor:
    """The teacher's values [B, S', C], interpolated in time to the ends of the student's `steps` steps. [B, S, C]"""
    ends = torch.arange(steps, device=values.device) * student.stride_frames + student.kernel_frames
    place = (ends - teacher.kernel_frames) / teacher.stride_frames
    place = place.clamp(0, values.shape[1] - 1)
    before = place.floor().long()
    after = (before + 1).clamp_max(values.shape[1] - 1)
    share = (place - before)[None, :, None]
    return values[:, before] * (1 - share) + values[:, after] * share


def align_attention(attention: Tensor, teacher: CrnnConfig, student: CrnnConfig, steps: int) -> Tensor:
    """The teacher's attention [B, S', W'] as weights on the student's steps. [B, S, W], rows sum to 1

    For a student's step, the teacher's last step that has ended by then counts. Each weight of the teacher is spread
    evenly over the stride_frames before the end of its step. Each step of the student collects the weights in its own
    time. The student's window may be shorter, so the rows are scaled to sum to 1.
    """
    ends = torch.arange(steps) * student.stride_frames + student.kernel_frames
    last = ((ends - teacher.kernel_frames).clamp_min(0) // teacher.stride_frames).clamp_max(attention.shape[1] - 1)
    lag = ends - (last * teacher.stride_frames + teacher.kernel_frames)  # [S], frames since the teacher's step ended
    # Frames back from the end of the student's step. The lag shifts the teacher's steps.
    mine = torch.arange(student.window_steps).flip(0) * student.stride_frames  # [W], oldest first
    theirs = torch.arange(teacher.window_steps).flip(0) * teacher.stride_frames + lag[:, None]  # [S, W']
    begin = torch.maximum(mine[None, :, None], theirs[:, None, :])
    end = torch.minimum(mine[None, :, None] + student.stride_frames, theirs[:, None, :] + teacher.stride_frames)
    overlap = (end - begin).clamp_min(0) / teacher.stride_frames  # [S, W, W']
    collected = torch.einsum("swv,bsv->bsw", overlap.to(attention), attention[:, last])
    return collected / collected.sum(-1, keepdim=True).clamp_min(1e-8)


class Teachers:
    """Frozen networks. They answer each batch once, for any number of students. raises ValueError without a network"""

    def __init__(self, networks: list[tuple[Crnn, CrnnConfig]]) -> None:
        if not networks:
            raise ValueError("Distillation needs a teacher: name its run, as in --teacher large.")
        self.networks = networks
        self._has_bfloat16 = torch.cpu._is_avx512_bf16_supported()
        self._batch: Tensor | None = None
        self._said: list[Answer] = []

    @classmethod
    def load(cls, names: tuple[str, ...], work: Path, device: torch.device) -> "Teachers":
        """The best checkpoints of these runs. raises ValueError if a checkpoint is missing"""
        networks = []
        for name in names:
            checkpoint = work / name / "best.pt"
            if not checkpoint.is_file():
                raise ValueError(f"{checkpoint} is missing: train that run first, or name another run with --teacher.")
            crnn, settings = load_crnn(checkpoint)
            networks.append((crnn.to(device).requires_grad_(False), CrnnConfig(**settings["crnn"])))
        return cls(networks)

    def say(self, log_mel: Tensor) -> list[Answer]:
        """The answer of each network to a batch [B, T, F], at the network's own steps."""
        if log_mel is not self._batch:
            # bfloat16 halves the time, if the processor has it. Logits move by some 0.01.
            with torch.no_grad(), torch.autocast(log_mel.device.type, torch.bfloat16, enabled=self._has_bfloat16):
                said = [crnn(log_mel, fresh_state(crnn, len(log_mel)))[0] for crnn, _ in self.networks]
            self._batch, self._said = log_mel, [Answer(*(part.float() for part in answer)) for answer in said]
        return self._said


class DistillLoss(nn.Module):
    """The loss of a student's run, from its teachers' answers and from the labels."""

    def __init__(self, config: DistillConfig, student: CrnnConfig, teachers: Teachers) -> None:
        super().__init__()
        self.config = config
        self.student = student
        self.teachers = teachers
        if config.summary_weight > 0:
            self.projection = nn.Linear(student.hidden, sum(shape.hidden for _, shape in teachers.networks))
            for parameter in self.projection.parameters():  # zeros draw no random number: runs stay comparable
                nn.init.zeros_(parameter)

    def forward(self, log_mel: Tensor, answer: Answer, targets: Targets) -> Tensor:
        config, student, steps = self.config, self.student, answer.logits.shape[1]
        said = list(zip(self.teachers.say(log_mel), (shape for _, shape in self.teachers.networks), strict=True))
        taught = torch.stack([interpolate_steps(theirs.logits, shape, student, steps) for theirs, shape in said])
        heard = peak_logits(taught.mean(dim=0), targets)
        dark = dark_loss(peak_logits(answer.logits, targets), heard, config.temperature)
        loss = config.dark_weight * dark + (1 - config.dark_weight) * peak_loss(answer.logits, targets)
        if config.attention_weight > 0:
            attended = [align_attention(theirs.attention, shape, student, steps) for theirs, shape in said]
            loss = loss + config.attention_weight * attention_loss(answer.attention, torch.stack(attended).mean(dim=0))
        if config.summary_weight > 0:
            gathered = [interpolate_steps(theirs.summary, shape, student, steps) for theirs, shape in said]
            distance = summary_loss(self.projection(answer.summary), torch.cat(gathered, dim=-1))
            loss = loss + config.summary_weight * distance
        return loss
