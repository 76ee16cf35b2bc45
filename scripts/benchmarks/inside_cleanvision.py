"""Runs in cleanvision's environment: looks for issues in a folder of images and prints the cost as JSON."""

import json
import sys
import time

from cleanvision import Imagelab


def main(folder: str) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    lab = Imagelab(data_path=folder, verbose=False)
    lab.find_issues(n_jobs=1, verbose=False)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print("\n" + json.dumps({"wall": wall, "processor": processor, "images": len(lab.issues)}))


if __name__ == "__main__":
    main(sys.argv[1])
