"""`bench/run`: builds what is measured, runs the parts that were asked for, prints the table."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

from harness import service

PARTS = ("pipeline",)


def read_arguments(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures dossier against its goals.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--in-flight", type=int, nargs="*", default=[], help="of the pipeline")
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.parts = [part for part in PARTS if part in options.parts or not options.parts]
    return options


def build():
    """The optimised binary and the programs beside it."""
    for command in (["cmake", "--preset", "release", "-DDOSSIER_BENCH=ON"],
                    ["cmake", "--build", "--preset", "release", "--target", "dossier", "bench"]):
        done = subprocess.run(command, cwd=service.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)} failed:\n{done.stdout[-4000:]}")


def main(arguments):
    options = read_arguments(arguments)
    if not options.no_build:
        build()
    from harness import pipeline
    answer = pipeline.rehearse()
    for in_flight in options.in_flight or [64]:
        print(pipeline.fly(answer, in_flight, waves=3), flush=True)
    return 0
