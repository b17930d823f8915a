"""Runs a command that the kernel ends, by SIGSYS, as soon as it or a child of it tries to reach anything.

    python tests/offline.py COMMAND …

Whatever language a library is in: reaching a host, or the server that knows its address, takes `connect` with an
internet address, which is told from others by its size, or a datagram. Listening, accepting, answering those who came,
and asking this machine who its users are stay allowed. Linux alone can do this, and anyone may, not only root.
"""

import ctypes
import os
import platform
import struct
import sys

NUMBERS = {"x86_64": (0xC000003E, 42, 307, 44), "aarch64": (0xC00000B7, 203, 269, 206)}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
KILL, ALLOW = 0x80000000, 0x7FFF0000
NUMBER, ARCHITECTURE, THIRD, FIFTH_LOW, FIFTH_HIGH = 0, 4, 32, 48, 52  # where they stand in what is known of a call
IPV4, IPV6 = 16, 28  # bytes of an address


def trap() -> None:
    """From here on, for this process, its children and whatever they execute. Raises OSError where it cannot be set."""
    if sys.platform != "linux" or platform.machine() not in NUMBERS:
        raise OSError("only Linux on x86-64 or arm64 can end a process that reaches out")
    architecture, connect, sendmmsg, sendto = NUMBERS[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", code, if_so, if_not, operand)
        for code, if_so, if_not, operand in (
            (LOAD, 0, 0, ARCHITECTURE),
            (JUMP_IF_EQUAL, 0, 11, architecture),
            (LOAD, 0, 0, NUMBER),
            (JUMP_IF_EQUAL, 2, 0, connect),
            (JUMP_IF_EQUAL, 8, 0, sendmmsg),
            (JUMP_IF_EQUAL, 3, 8, sendto),
            (LOAD, 0, 0, THIRD),
            (JUMP_IF_EQUAL, 5, 0, IPV4),
            (JUMP_IF_EQUAL, 4, 5, IPV6),
            (LOAD, 0, 0, FIFTH_LOW),
            (JUMP_IF_EQUAL, 0, 2, 0),
            (LOAD, 0, 0, FIFTH_HIGH),
            (JUMP_IF_EQUAL, 1, 0, 0),
            (RETURN, 0, 0, KILL),
            (RETURN, 0, 0, ALLOW),
        )
    )
    filter_ = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(filter_))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_ulong)
    for option, value, pointer in ((PR_SET_NO_NEW_PRIVS, 1, None), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described)):
        if prctl(option, value, pointer, 0, 0):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    trap()
    os.execvp(sys.argv[1], sys.argv[1:])
