"""The benchmarks behind `scripts/bench`: each figure beside baselines of the same run."""
