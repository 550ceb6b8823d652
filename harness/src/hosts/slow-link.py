"""A slow, lossy cable: passes frames between two network interfaces, late or not at all.

    slow-link.py HOST_SIDE SWITCH_SIDE

What comes from HOST_SIDE waits for the delay, or is lost; what goes to it passes at once. A line `DELAY_MS LOSS` on
standard input changes both (a share of the frames, 0 to 1); the end of the input ends the program. It stands in for
`tc netem`, which the kernels of many virtual machines are built without.
"""

import os
import random
import select
import socket
import sys
import time
from collections import deque

SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3
# The longest frame that the kernel hands over in one piece, with its header.
FRAME_BYTES_MAX = 128 * 1024
# Frames on the way; a cable that is fed faster loses what comes then, as a switch does.
WAITING_MAX = 20_000


def port(interface):
    # With the header that says what checksums and segments are still to be made, frames pass as they are.
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    link.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
    link.bind((interface, ETH_P_ALL))
    link.setblocking(False)
    return link


def frames(link):
    while True:
        try:
            yield link.recv(FRAME_BYTES_MAX)
        except BlockingIOError:
            return


def send(link, frame):
    try:
        link.send(frame)
    except OSError:
        # The other end is down or its queue is full: the frame is lost, as on any cable.
        pass


def main(host_side, switch_side):
    host, switch = port(host_side), port(switch_side)
    delay_s, loss = 0.0, 0.0
    waiting = deque()
    rest = b""
    os.set_blocking(0, False)
    print("ready", flush=True)
    while True:
        pause_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([host, switch, 0], [], [], pause_s)
        if 0 in readable:
            words = os.read(0, 4096)
            if words == b"":
                return
            *lines, rest = (rest + words).split(b"\n")
            for line in lines:
                delay_ms, loss = map(float, line.split())
                delay_s = delay_ms / 1000
                print("changed", flush=True)
        for frame in frames(switch) if switch in readable else ():
            send(host, frame)
        for frame in frames(host) if host in readable else ():
            if random.random() >= loss and len(waiting) < WAITING_MAX:
                waiting.append((time.monotonic() + delay_s, frame))
        # In the order in which they came: a delay that became shorter does not let frames overtake.
        while waiting and waiting[0][0] <= time.monotonic():
            send(switch, waiting.popleft()[1])


main(*sys.argv[1:])
