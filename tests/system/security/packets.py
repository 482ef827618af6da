"""What passes a host's network interface: every packet, and the bytes of each direction of a connection in order."""

import socket
import struct
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fleet_processes import stop, wait_until

RECORDER = """
import socket, struct, sys
ALL = 3
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE if hasattr(socket, "SO_RCVBUFFORCE") else 33, 64 << 20)
packets.bind(("eth0", ALL))
with open(sys.argv[1], "wb", buffering=0) as file:
    while True:
        packet = packets.recv(1 << 18)
        file.write(struct.pack("<I", len(packet)) + packet)
"""
Direction = tuple[bytes, bytes, int, int]
"""Addresses and ports of sender and receiver."""


@contextmanager
def recorded(prefix: Sequence[str], path: Path) -> Iterator[None]:
    """Record all packets of a host's `eth0` within the block; `prefix`: the words before a command on that host."""
    process = subprocess.Popen([*prefix, sys.executable, "-c", RECORDER, str(path)], text=True)
    try:
        wait_until(path.exists, "packets are recorded")
        yield
    finally:
        stop(process)


def packets_of(path: Path) -> Iterator[bytes]:
    """The packets, as they were on the wire."""
    content, at = path.read_bytes(), 0
    while at + 4 <= len(content):
        (size,) = struct.unpack_from("<I", content, at)
        yield content[at + 4 : at + 4 + size]
        at += 4 + size


def streams_of(path: Path) -> dict[Direction, bytes]:
    """The bytes of each direction of each TCP connection over IPv4, without what was sent again."""
    segments: dict[Direction, dict[int, bytes]] = defaultdict(dict)
    for packet in packets_of(path):
        if packet[12:14] != b"\x08\x00" or packet[23] != socket.IPPROTO_TCP:
            continue
        ip, (total,) = packet[14:], struct.unpack_from("!H", packet, 16)
        tcp = ip[(ip[0] & 15) * 4 : total or len(ip)]
        source, target, sequence = struct.unpack_from("!HHI", tcp)
        if payload := tcp[(tcp[12] >> 4) * 4 :]:
            segments[ip[12:16], ip[16:20], source, target].setdefault(sequence, payload)
    return {direction: joined(pieces) for direction, pieces in segments.items()}


def joined(segments: dict[int, bytes]) -> bytes:
    """Segments in the order of their numbers, which wrap at 2^32."""
    first = next(iter(segments))
    content, end = b"", None
    for sequence in sorted(segments, key=lambda number: (number - first + 2**31) % 2**32):
        piece = segments[sequence]
        skip = 0 if end is None else max(0, (end - sequence + 2**31) % 2**32 - 2**31)
        content, end = content + piece[skip:], (sequence + len(piece)) % 2**32
    return content
