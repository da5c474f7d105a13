"""A Stripe of our own: the API, over real HTTP, of the world that the stories change."""

from api.simulator.stripe.api import Request
from api.simulator.stripe.faults import Fault
from api.simulator.stripe.keys import Key
from api.simulator.stripe.platform import RETENTION_SECONDS, Scope
from api.simulator.stripe.resources import RESOURCES
from api.simulator.stripe.server import Stripe

__all__ = ["RESOURCES", "RETENTION_SECONDS", "Fault", "Key", "Request", "Scope", "Stripe"]
