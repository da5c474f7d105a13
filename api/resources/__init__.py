"""The way out: one file per resource, all of them declared through ``route``."""
