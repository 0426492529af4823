"""Steers bad_machine.cpp: a disk that is full, read-only, broken or slow, and a wall clock that is off, under one service.

    machine = BadMachine(service)      # before the service starts
    machine.disk(errno.ENOSPC)         # from now on
"""

import mmap
import os
import struct

LIBRARY = os.environ.get("DOSSIER_BAD_MACHINE", "")
ORDERS = ("write_error", "sync_error", "sync_delay", "clock_shift", "refusals")  # 64 bits each, as there


class BadMachine:
    def __init__(self, service, disk="data/"):
        """@param disk part of the paths that are on the disk that goes wrong"""
        assert os.path.exists(LIBRARY), "DOSSIER_BAD_MACHINE names no library; ctest does (target bad_machine)"
        path = service.write_file("bad_machine", "\0" * 8 * len(ORDERS))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 8 * len(ORDERS))
        service.env.update(LD_PRELOAD=LIBRARY, BAD_MACHINE=str(path), BAD_MACHINE_DISK=disk)

    def __getitem__(self, order):
        return struct.unpack_from("q", self.memory, 8 * ORDERS.index(order))[0]

    def __setitem__(self, order, value):
        struct.pack_into("q", self.memory, 8 * ORDERS.index(order), value)

    def disk(self, write_error=0, sync_error=0, sync_delay=0.0):
        """@param write_error, sync_error errno or 0. @param sync_delay seconds"""
        self["write_error"], self["sync_error"], self["sync_delay"] = write_error, sync_error, int(sync_delay * 1000)
