"""Threads that carry out runs share the memory that they have freed."""

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, sys, threading
library = ctypes.CDLL(None)
if not hasattr(library, "malloc_info"):
    sys.exit(77)
if sys.argv[1] == "shared":
    from ml_connector.runs.worker import share_one_heap
    share_one_heap()
library.malloc.restype = ctypes.c_void_p
all_here = threading.Barrier(6)
def take():
    all_here.wait()
    for _ in range(2000):
        library.malloc(1000)
threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.fopen.restype = ctypes.c_void_p
library.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
library.fclose.argtypes = [ctypes.c_void_p]
file = library.fopen(b"/dev/stdout", b"w")
library.malloc_info(0, file)
library.fclose(file)
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("another C library")
    assert done.returncode == 0, done.stderr
    return done.stdout.count("<heap nr=")


def test_threads_share_one_heap() -> None:
    assert heaps("shared") == 1


def test_the_count_of_heaps_sees_several() -> None:
    assert heaps("apart") > 1
