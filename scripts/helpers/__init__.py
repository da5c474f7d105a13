"""What only a checkout needs: the Python behind scripts/run and scripts/sample."""
