"""A wire with a delay and a loss: frames from one device to the other, in the network namespace it runs in.

usage: wire.py DEVICE DEVICE DELAY_MS LOSS SEED

Linux has netem for this, but not every kernel does. Frames that go from the second device to the first are delayed
and lost; the other way they pass at once. When told to end, says how many of them passed and how many were lost.
"""
import heapq, random, select, signal, socket, sys, time

first, second, delay_ms, loss, seed = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
PACKET_OUTGOING = 4
dice = random.Random(seed)
passed = lost = 0


def opened(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE: a burst must wait, not be lost uncounted
    s.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)
    s.bind((device, 0))
    s.setblocking(False)
    return s


def deliver(s, frame):
    while True:
        try:
            return s.send(frame)
        except (BlockingIOError, InterruptedError):
            select.select([], [s], [], 0.01)
        except OSError as error:  # ENOBUFS: the device's queue is full
            if error.errno != 105:
                raise
            time.sleep(0.0001)


def end(*_):
    print(passed, lost, flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
a, b = opened(first), opened(second)
waiting, number = [], 0
print("ready", flush=True)
while True:
    timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
    readable = select.select([a, b], [], [], timeout)[0]
    now = time.monotonic()
    for s in readable:
        while True:
            try:
                frame, address = s.recvfrom(65536)
            except BlockingIOError:
                break
            if address[2] == PACKET_OUTGOING:
                continue
            if s is a:
                deliver(b, frame)
            elif dice.random() < loss:
                lost += 1
            else:
                passed += 1
                number += 1
                heapq.heappush(waiting, (now + delay_ms / 1000, number, frame))
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        deliver(a, heapq.heappop(waiting)[2])
