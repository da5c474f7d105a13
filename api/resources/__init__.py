"""The REST API: one file per resource, with its routes and the shape of its responses."""
