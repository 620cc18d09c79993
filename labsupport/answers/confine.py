"""What a process gives up for good before it runs an answer: resources, and calls of the system.

The filter is classic BPF, as Linux takes it: a list of tests on the number of a call and on its
arguments. A call on the list is refused with an error; everything else goes on as before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterator

# Numbers of calls that an answer has no use for: (x86_64, aarch64).
_REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "open_by_handle_at": (304, 265),
    # Landlock says nothing on who may use a file, only on what is in it.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
_LIMITS = (302, 261)  # prlimit64: about oneself alone
# Who gets a signal when a file is ready: two commands each of fcntl and of ioctl.
_OWNERS = (((72, 25), 8, 15), ((16, 29), 0x8901, 0x8902))
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, audit's name
_CLONE, _CLONE3, _TGKILL = (56, 220), 435, (234, 131)
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000  # a second set of numbers for the same calls, on x86_64

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24
_SECCOMP, _NO_NEW_PRIVS, _FILTER = 22, 38, 2


def filter_code(machine: str, pid: int) -> bytes:
    """The filter's program: no new process, no other program, no signal but to oneself, no socket.

    Parameters
    ----------
    machine : as platform.machine() has it.
    pid : of the process that installs it.

    Raises
    ------
    ValueError : the numbers of this machine's calls are not known here.
    """
    if machine not in _MACHINES:
        raise ValueError(f"no numbers of system calls are known for {machine}")
    column, arch = _MACHINES[machine]
    return b"".join(
        struct.pack("HBBI", *line) for line in _lines(column, arch, pid, machine == "x86_64")
    )


def _lines(column: int, arch: int, pid: int, has_x32: bool) -> Iterator[tuple[int, int, int, int]]:
    refused, unknown = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
    yield _LOAD, 0, 0, _ARCH
    yield _EQUAL, 1, 0, arch
    yield _RETURN, 0, 0, refused
    yield _LOAD, 0, 0, _NR
    if has_x32:
        yield _AT_LEAST, 0, 1, _X32
        yield _RETURN, 0, 0, refused
    for numbers in _REFUSED.values():
        if numbers[column] is not None:
            yield _EQUAL, 0, 1, numbers[column]
            yield _RETURN, 0, 0, refused
    yield _EQUAL, 0, 1, _CLONE3  # its arguments cannot be seen from here; glibc then takes clone
    yield _RETURN, 0, 0, unknown
    yield _EQUAL, 0, 4, _CLONE[column]
    yield _LOAD, 0, 0, _ARG0
    yield _ANY_BIT, 0, 1, _CLONE_THREAD
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, refused
    yield _EQUAL, 0, 4, _TGKILL[column]  # abort() and faults of one's own
    yield _LOAD, 0, 0, _ARG0
    yield _EQUAL, 0, 1, pid
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, refused
    yield _EQUAL, 0, 5, _LIMITS[column]
    yield _LOAD, 0, 0, _ARG0
    yield _EQUAL, 2, 0, 0
    yield _EQUAL, 1, 0, pid
    yield _RETURN, 0, 0, refused
    yield _RETURN, 0, 0, _ALLOW
    for numbers, one, another in _OWNERS:
        yield _EQUAL, 0, 5, numbers[column]
        yield _LOAD, 0, 0, _ARG1
        yield _EQUAL, 1, 0, one
        yield _EQUAL, 0, 1, another
        yield _RETURN, 0, 0, refused
        yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _ALLOW


def filter_calls() -> bool:
    """Install the filter in this process and its threads to come; False where there is none."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    code = filter_code(platform.machine(), os.getpid())

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code) // 8, code)
    long = ctypes.c_ulong
    if libc.prctl(_NO_NEW_PRIVS, long(1), long(0), long(0), long(0)):
        return False
    return not libc.prctl(_SECCOMP, long(_FILTER), ctypes.byref(program), long(0), long(0))


def limit_resources(cpu: int, memory: int, file_size: int, files: int = 64) -> None:
    """Set for good: seconds of CPU time, bytes of memory, bytes of a file, open files."""
    for name, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        _, hard = resource.getrlimit(name)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))


def drop_capabilities() -> None:
    """Let the first user of the system be one like others: owner of its files, and nothing more."""
    number = {"x86_64": 126, "aarch64": 91}.get(platform.machine())
    if number is None:
        return
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), header, nothing)
