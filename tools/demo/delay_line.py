#!/usr/bin/env python3
"""A long cable: carries Ethernet frames between two interfaces, each a moment later.

Used by make_demo.ts where the kernel has no netem. How far away a host is depends on the last byte of its address,
so that round trips differ from server to server.

usage: delay_line.py INSIDE OUTSIDE
"""
import heapq
import selectors
import socket
import sys
import time

ETH_P_ALL = 3
MS_BY_LAST_BYTE = {10: 9, 20: 14, 30: 6, 40: 38, 50: 71, 60: 22}  # one way
OTHER_MS = 11
PACKET_OUTGOING = 4


def distance_ms(frame: bytes, outside: bool) -> float:
    """One-way delay of a frame: by its destination on the way out, by its source on the way in."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        last = frame[33] if outside else frame[29]
    elif kind == b"\x86\xdd" and len(frame) >= 54:
        last = frame[53] if outside else frame[37]
        last = 10 * (last >> 4) + (last & 15)  # ::10 is written like .10
    else:
        return 0.1
    return MS_BY_LAST_BYTE.get(last, OTHER_MS)


def main(inside: str, outside: str) -> None:
    ports = []
    for name in (inside, outside):
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        port.bind((name, 0))
        port.setblocking(False)
        ports.append(port)
    selector = selectors.DefaultSelector()
    for index, port in enumerate(ports):
        selector.register(port, selectors.EVENT_READ, index)
    waiting: list[tuple[float, int, int, bytes]] = []
    count = 0
    while True:
        timeout = None if not waiting else max(0.0, waiting[0][0] - time.monotonic())
        for key, _ in selector.select(timeout):
            while True:
                try:
                    frame, address = ports[key.data].recvfrom(65536)
                except BlockingIOError:
                    break
                if address[2] == PACKET_OUTGOING or len(frame) < 34:
                    continue
                count += 1
                due = time.monotonic() + distance_ms(frame, key.data == 0) / 1000
                heapq.heappush(waiting, (due, count, 1 - key.data, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(waiting)
            try:
                ports[to].send(frame)
            except OSError:
                pass  # a full queue drops, as cables do


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
