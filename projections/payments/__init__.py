"""Orders: their objects, the links that gather them, their status and their money. Pure."""
