"""Prints, for each function, the size of its zip and how long it takes to its first answer.

usage: startup.py EMULATOR FOLDER
FOLDER has a folder for each function with its bootstrap. The bars: 20 ms, 6 MB.
"""

import http.client
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time
import zipfile

ENVIRONMENT = {
    "AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "TABLE_NAME": "x", "PAGES_TABLE_NAME": "x",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-north-1:123456789012:stateMachine:x", "EVENT_BUS_NAME": "x", "STACK_NAME": "x", "ISSUER": "https://x",
}
RUNS = 11


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_answer(emulator, bootstrap):
    """The emulator starts the function's process when the first call comes."""
    port = free_port()
    command = [emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap]
    process = subprocess.Popen(command, env={**ENVIRONMENT, "PATH": os.environ["PATH"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.005)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        began = time.perf_counter()
        client.request("POST", "/2015-03-31/functions/function/invocations", b"{}")
        client.getresponse().read()
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def zipped(bootstrap, folder):
    name = folder / "function.zip"
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as z:
        z.write(bootstrap, "bootstrap")
    return name.stat().st_size


def main(emulator, folder):
    for function in sorted(pathlib.Path(folder).iterdir()):
        bootstrap = function / "bootstrap"
        times = [first_answer(emulator, str(bootstrap)) for _ in range(RUNS)]
        size = zipped(bootstrap, function)
        print(f"{function.name:<10} first answer after {statistics.median(times) * 1000:5.1f} ms (20)   zip {size / 1e6:.1f} MB (6)")


if __name__ == "__main__":
    main(*sys.argv[1:])
