"""A host at the end of a slow and lossy line: answers ICMP echo after a delay, and not every one.

Not every kernel has tc's netem, and this says itself what it did: one line for each request that came, with the
milliseconds from its coming in (by the kernel's clock) to the answer's going out, or "lost".

Arguments: interface, delay in ms, and n: every n-th request is lost (0: none).
"""
import socket, struct, sys, time

SO_TIMESTAMPNS = 35  # asm-generic/socket.h
interface, delay, nth = sys.argv[1], float(sys.argv[2]) / 1000, int(sys.argv[3])
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
line.bind((interface, 0))
line.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
print("ready", flush=True)
count = 0
while True:
    frame, extra, _, _ = line.recvmsg(2048, 256)
    came = time.time()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            came = seconds + nanoseconds / 1e9
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == 1 and frame[34] == 8:
        size, at, source, target = 4, 34, 26, 30
        sum_step = 0x0800
    elif kind == b"\x86\xdd" and frame[20] == 58 and frame[54] == 128:
        size, at, source, target = 16, 54, 22, 38
        sum_step = -0x0100
    else:
        continue
    count += 1
    if nth and count % nth == 0:
        print("lost", flush=True)
        continue
    answer = bytearray(frame)
    answer[0:6], answer[6:12] = frame[6:12], frame[0:6]
    answer[source:source + size], answer[target:target + size] = frame[target:target + size], frame[source:source + size]
    answer[at] = 0 if size == 4 else 129
    total = (struct.unpack("!H", frame[at + 2:at + 4])[0] + sum_step) % 0xFFFF
    answer[at + 2:at + 4] = struct.pack("!H", total)
    while (left := came + delay - time.time()) > 0:
        time.sleep(left)
    line.send(answer)
    print(f"{1000 * (time.time() - came):.3f}", flush=True)
