# SPDX-License-Identifier: GPL-2.0-or-later
"""The two things the laboratory asks the kernel's bpf() that bpftool of Debian 12 can't tell, or not fast."""

import ctypes
import mmap
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
_OBJ_GET, _PROG_QUERY, _OBJ_GET_INFO = 7, 16, 15
TCX = (46, 47)  # BPF_TCX_INGRESS, BPF_TCX_EGRESS


def _bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, max(len(attr), 128))
    result = _libc.syscall(_SYS_BPF, command, buffer, len(buffer))
    if result < 0:
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))
    return result, buffer.raw


def tcx_programs(ifindex):
    """How many programs are attached to an interface of this network namespace by tcx; 0 where the kernel has no tcx."""
    total = 0
    for kind in TCX:
        try:
            _, answer = _bpf(_PROG_QUERY, struct.pack("=IIIIQI", ifindex, kind, 0, 0, 0, 0))
        except OSError:
            continue
        total += struct.unpack_from("=I", answer, 24)[0]
    return total


def mapped(path):
    """The memory of a pinned, mappable array, as bytes."""
    name = ctypes.create_string_buffer(path.encode())
    fd, _ = _bpf(_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))
    try:
        info = ctypes.create_string_buffer(128)
        _bpf(_OBJ_GET_INFO, struct.pack("=IIQ", fd, len(info), ctypes.addressof(info)))
        _, _, _, value_size, entries = struct.unpack_from("=5I", info.raw)
        size = (value_size + 7) // 8 * 8 * entries
        size = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE * mmap.PAGESIZE
        with mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return bytes(memory)
    finally:
        os.close(fd)
