"""The console: pages for people, made of what REST answers."""
