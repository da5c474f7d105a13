"""The benchmarks behind `scripts/bench`: each figure beside floors of the same run."""
