"""Distillation: a loss that adds what a teacher says of the same frames to what the labels say.

Teacher and student may step at different paces. Their outputs are brought together in time: the teacher's logits are
interpolated to the moments at which the student's steps end, and each of its attention weights is spread evenly over
the time it stands for and collected by the student's steps.

Hidden layers are not matched: compression changes the width of each of them, and what a projection learns between
unequal widths is dropped with it after training.
"""

from pathlib import Path

import torch
from torch import Tensor

from training.batches import Targets
from training.config import CrnnConfig, DistillConfig
from training.export import load_crnn
from training.losses import attention_loss, dark_loss, peak_logits, peak_loss
from training.model import Crnn, fresh_state


def interpolate_steps(logits: Tensor, teacher: CrnnConfig, student: CrnnConfig, steps: int) -> Tensor:
    """The teacher's logits [B, S', C] at the ends of the student's `steps` steps, linearly in time. [B, S, C]"""
    ends = torch.arange(steps, device=logits.device) * student.stride_frames + student.kernel_frames
    place = (ends - teacher.kernel_frames) / teacher.stride_frames
    place = place.clamp(0, logits.shape[1] - 1)
    before = place.floor().long()
    after = (before + 1).clamp_max(logits.shape[1] - 1)
    share = (place - before)[None, :, None]
    return logits[:, before] * (1 - share) + logits[:, after] * share


def align_attention(attention: Tensor, teacher: CrnnConfig, student: CrnnConfig, steps: int) -> Tensor:
    """The teacher's attention [B, S', W'] as weights on the student's steps. [B, S, W], rows sum to 1

    At the end of a student's step the teacher's last step that has ended speaks. A weight is spread over the
    stride_frames before the end of its step; a student's step collects what falls into its own, and the rows are
    scaled to sum to 1 where the student's window is the shorter.
    """
    ends = torch.arange(steps) * student.stride_frames + student.kernel_frames
    last = ((ends - teacher.kernel_frames).clamp_min(0) // teacher.stride_frames).clamp_max(attention.shape[1] - 1)
    lag = ends - (last * teacher.stride_frames + teacher.kernel_frames)  # [S], frames since the teacher's step ended
    # Frames back from the student's end: its bins are [j, j + 1) strides, the teacher's are shifted by the lag.
    mine = torch.arange(student.window_steps).flip(0) * student.stride_frames  # [W], oldest first
    theirs = torch.arange(teacher.window_steps).flip(0) * teacher.stride_frames + lag[:, None]  # [S, W']
    begin = torch.maximum(mine[None, :, None], theirs[:, None, :])
    end = torch.minimum(mine[None, :, None] + student.stride_frames, theirs[:, None, :] + teacher.stride_frames)
    overlap = (end - begin).clamp_min(0) / teacher.stride_frames  # [S, W, W']
    collected = torch.einsum("swv,bsv->bsw", overlap.to(attention), attention[:, last])
    return collected / collected.sum(-1, keepdim=True).clamp_min(1e-8)


class DistillLoss:
    """The loss of a student's run; holds its teachers, frozen."""

    def __init__(self, config: DistillConfig, student: CrnnConfig, teachers: list[tuple[Crnn, CrnnConfig]]) -> None:
        if not teachers:
            raise ValueError("distilling needs a teacher: name its run, as in --teacher teacher")
        self.config = config
        self.student = student
        self.teachers = teachers
        self.has_bfloat16 = torch.cpu._is_avx512_bf16_supported()

    @classmethod
    def load(cls, config: DistillConfig, student: CrnnConfig, work: Path, device: torch.device) -> "DistillLoss":
        """With the best checkpoints of the runs that the config names. raises OSError if one is missing"""
        teachers = []
        for name in config.teachers:
            crnn, settings = load_crnn(work / name / "best.pt")
            teachers.append((crnn.to(device).requires_grad_(False), CrnnConfig(**settings["crnn"])))
        return cls(config, student, teachers)

    def __call__(self, log_mel: Tensor, logits: Tensor, attention: Tensor, targets: Targets) -> Tensor:
        config, steps = self.config, logits.shape[1]
        taught, attended = [], []
        # bfloat16, where the processor has it, halves a teacher's time and moves its logits by some 0.01
        with torch.no_grad(), torch.autocast(log_mel.device.type, torch.bfloat16, enabled=self.has_bfloat16):
            for crnn, shape in self.teachers:
                their_logits, their_attention, _ = crnn(log_mel, fresh_state(crnn, len(log_mel)))
                taught.append(interpolate_steps(their_logits.float(), shape, self.student, steps))
                if config.attention_weight > 0:
                    attended.append(align_attention(their_attention.float(), shape, self.student, steps))
        heard = peak_logits(torch.stack(taught).mean(dim=0), targets)
        dark = dark_loss(peak_logits(logits, targets), heard, config.temperature)
        loss = config.dark_weight * dark + (1 - config.dark_weight) * peak_loss(logits, targets)
        if attended:
            loss = loss + config.attention_weight * attention_loss(attention, torch.stack(attended).mean(dim=0))
        return loss
