"""What only a checkout uses: behind scripts/run and scripts/sample."""
