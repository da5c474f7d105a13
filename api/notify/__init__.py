"""Handing notifications out: who hears of what, what was handed to whom, and how it is sent."""
