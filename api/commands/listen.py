"""`ledger listen`: a receiver to try notifications with; it prints what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from api.commands.output import end_in_order
from api.config.databases import existing_notify
from api.config.settings import Settings
from api.notify.errors import UnknownSubscriber
from api.notify.receiver import Receiver
from api.serve import address

_HOST = "127.0.0.1"
_NAME = "ledger listen"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=9000, show_default=True)
@click.option("--secret", metavar="whsec_…", help="The subscriber's, to verify signatures by.")
@click.option(
    "--types",
    metavar="TYPE,…",
    help="Subscribe it to these, like 'order.*', for as long as it runs.",
)
def listen(port: int, secret: str | None, types: str | None) -> None:
    """Print notifications as they arrive on this machine, until SIGTERM or Ctrl-C.

    A receiver to try them with: it verifies signatures, answers 204, or 401 to a wrong one, and
    keeps nothing. A line has the type, the object's id, its status and amount, and the
    notification's id; `late` where newer events of the object were known by then, `no longer so`
    where it was not true any more.
    """
    if secret is not None and types is not None:
        raise click.UsageError("with --types it gets a secret of its own: leave --secret out")
    webhook = None if secret is None else _webhook(secret)
    with end_in_order(), Receiver(address.listen(_HOST, port), click.echo) as receiver:
        url = f"http://{address.host_port(_HOST, receiver.port)}/"
        try:
            with _subscribed(url, types) as secret_of_types:
                receiver.webhook = Webhook(secret_of_types) if secret_of_types else webhook
                click.echo(f"Listening on {url}", err=True)
                if receiver.webhook is None:
                    click.echo("Without --secret nothing is verified.", err=True)
                receiver.serve_forever()
        except KeyboardInterrupt:
            return


def _webhook(secret: str) -> Webhook:
    try:
        # The library takes any text for base64.
        if not secret.startswith("whsec_"):
            raise ValueError(secret)
        return Webhook(secret)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise click.BadParameter(
            "must be the whsec_… that was shown once", param_hint="--secret"
        ) from error


@contextmanager
def _subscribed(url: str, types: str | None) -> Iterator[str | None]:
    """Subscribe a URL for a while; yields its secret. Without types nobody is subscribed."""
    if types is None:
        yield None
        return
    patterns = [part.strip() for part in types.split(",") if part.strip()]
    with existing_notify(Settings.read()) as (_, notify):
        # Left by one that was killed: its notifications would come with signatures of its own.
        for each in notify.subscribers.list():
            if each.url == url and each.name == _NAME:
                notify.subscribers.remove(each.id)
        subscriber, secret = notify.subscribers.add(url, patterns, name=_NAME)
        try:
            yield secret
        finally:
            with suppress(UnknownSubscriber):
                notify.subscribers.remove(subscriber.id)
