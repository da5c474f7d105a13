"""The feed, and who is handed it: attempts, retries, pauses, samples."""

from __future__ import annotations

from flask import Blueprint, Response, request

from api.console import rest
from api.console.links import row_path, with_query
from api.console.listing import list_page
from api.console.rendering import page, see_other
from api.console.rest import RestProblem
from api.console.session import View, add_buttons, add_pages
from projections import notification_types

__all__ = ["add_routes"]


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the feed and of the subscribers, and of their buttons."""
    pages: dict[str, View] = {
        "/notifications": list_notifications,
        "/notifications/<id:id>": show_notification,
        "/subscribers": list_subscribers,
        "/subscribers/<id:id>": show_subscriber,
    }
    add_pages(blueprint, pages)
    buttons: dict[str, View] = {
        "/notifications/<id:id>/retry": retry,
        "/subscribers/<id:id>/status": change_status,
        "/subscribers/<id:id>/test": send_sample,
    }
    add_buttons(blueprint, buttons)


def list_notifications() -> Response:
    """The feed, with filters."""
    objects = dict.fromkeys(f"{type.rpartition('.')[0]}.*" for type in notification_types())
    return page(
        "notifications.html",
        part=list_page("/v1/notifications"),
        types=[*objects, *notification_types()],
    )


def show_notification(id: str) -> Response:
    """One notification, with all attempts to hand it out."""
    notification = rest.get(rest.path("notifications", id))
    return page(
        "notification.html",
        notification=notification,
        href=row_path(notification["kind"], notification["object_id"], notification),
        attempts=list_page("/v1/attempts", notification=id),
        notice=request.args.get("notice"),
    )


def retry(id: str) -> Response:
    """Try again to hand a notification to those who did not get it."""
    url = f"/notifications/{id}"
    try:
        result = rest.send("POST", rest.path("notifications", id, "retry"))
    except RestProblem as problem:
        return see_other(with_query(url, {"notice": problem.document["title"]}))
    count = result["deliveries"]
    text = f"It is tried again with {count} subscriber{'' if count == 1 else 's'}"
    return see_other(with_query(url, {"notice": text}))


def list_subscribers() -> Response:
    """Who is handed which notifications."""
    return page("subscribers.html", part=list_page("/v1/subscribers"))


def show_subscriber(id: str) -> Response:
    """One subscriber, with its last attempts."""
    return page(
        "subscriber.html",
        subscriber=rest.get(rest.path("subscribers", id)),
        attempts=list_page("/v1/attempts", subscriber=id),
        notice=request.args.get("notice"),
    )


def change_status(id: str) -> Response:
    """Pause a subscriber, or let it go on."""
    status = request.form.get("status", "")
    rest.send("POST", rest.path("subscribers", id), {"status": status})
    return see_other(f"/subscribers/{id}")


def send_sample(id: str) -> Response:
    """Send a subscriber a sample."""
    result = rest.send("POST", rest.path("subscribers", id, "test"))
    answer = f"It answered {result['status']}" if result["status"] else result["error"]
    return see_other(with_query(f"/subscribers/{id}", {"notice": f"A sample was sent. {answer}"}))
