"""What an order is: its objects, the links that gather them, its status and its money. Pure."""
