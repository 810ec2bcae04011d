"""The header of four bytes at the begin of each MPEG audio frame. ISO/IEC 11172-3 and 13818-3."""

MPEG_KBIT = {  # bit rates, by whether the version is 1, and by layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES_HZ = (44_100, 48_000, 32_000)  # of version 1; version 2 has half, version 2.5 a quarter


def frame_bytes(head: bytes) -> int:
    """The length of an MPEG audio frame, from its header; 0 if the bytes are no header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbit, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or kbit in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    rate_hz = MPEG_RATES_HZ[rate] // {3: 1, 2: 2, 0: 4}[version]
    bit_s = MPEG_KBIT[is_first, layer][kbit - 1] * 1000
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12 * bit_s // rate_hz + padding) * 4
    samples = 1152 if is_first or layer == 2 else 576
    return samples // 8 * bit_s // rate_hz + padding


def frame_kind(head: bytes) -> tuple[int, int, bool]:
    """Version and layer, rate, and whether it is mono: a decoder stops when these change."""
    return head[1] & 0x1E, head[2] & 0x0C, head[3] >> 6 == 3
