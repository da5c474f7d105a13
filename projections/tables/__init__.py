"""SQL: where components and rows are stored, and which table serves a kind."""
