#!/usr/bin/env python3
"""Runs the conformance cases beside the checkout: each must hold, or be refused as not supported yet.

usage: conformance.py TOCSIN CONFORMANCE    (exit status 77: the cases are not there)
"""
import os
import re
import subprocess
import sys

tocsin, folder = sys.argv[1], sys.argv[2]
if not os.path.isdir(folder):
    print(f"SKIPPED: there are no conformance cases at {folder}")
    sys.exit(77)
failed = False
for name in ("flink_cep.json", "random.json"):
    run = [sys.executable, os.path.join(folder, "run.py"), tocsin, os.path.join(folder, name)]
    output = subprocess.run(run, capture_output=True, text=True).stdout
    print(name + ": " + output, end="")
    counts = re.search(r"(\d+) of (\d+) cases hold, (\d+) are not supported yet", output)
    if not counts or int(counts[1]) + int(counts[3]) != int(counts[2]) or int(counts[1]) == 0:
        failed = True
sys.exit(1 if failed else 0)
