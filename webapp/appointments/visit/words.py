"""What the scripts of the visit's page say. All sentences of the product pass through gettext, so they stand here."""

from __future__ import annotations

from flask_babel import gettext


def for_scripts(*, other: str) -> dict[str, str]:
    """Sentences by the names that the modules in static/visit use. *other* is whom one meets."""
    return {
        **_devices(),
        "portal_away": gettext("The clinic does not answer right now. Please try again in a moment."),
        "chat_not_sent": gettext("Not sent yet. Your words are kept here; please try again in a moment."),
        "connection_lost": gettext("Connection lost. We are trying again by ourselves."),
        "quality_good": gettext("Good"),
        "quality_fair": gettext("Fair"),
        "quality_weak": gettext("Weak"),
        "joined": gettext("{name} is here."),
        "left": gettext("{name} has left."),
        "record_over": gettext("You were signed out. After the visit, please sign in again."),
        "early_title": gettext("You cannot join yet"),
        "over_title": gettext("You cannot join any more"),
        "over_sentence": "",
        "left_waiting_title": gettext("You left the waiting room"),
        "left_title": gettext("You left the visit"),
        "left_sentence": gettext("You can come back as long as the visit is open."),
        "replaced_title": gettext("You are in this visit somewhere else"),
        "replaced_sentence": gettext("Another tab or device of yours took over. You can go on here instead."),
        "removed_title": gettext("You are no longer in the visit"),
        "removed_sentence": gettext("%(name)s ended your place in it.", name=other),
        "ended_title": gettext("The visit has ended"),
        "ended_sentence": gettext("Thank you for coming. What was written in the chat is kept with the appointment."),
        "refused_title": gettext("You could not enter the visit"),
        "refused_sentence": gettext("Please try again. If it happens once more, call the clinic."),
    }


def _devices() -> dict[str, str]:
    return {
        "camera_works": gettext("Your camera works"),
        "camera_off": gettext("Your camera is off"),
        "camera_denied": gettext(
            "Your browser does not let us use the camera. Allow it at the left of the address bar, "
            "or go on without a picture."
        ),
        "camera_absent": gettext("We found no camera. You can go on with sound only."),
        "camera_busy": gettext("Another program uses your camera. Close it and try again, or go on with sound only."),
        "camera_unsupported": gettext("This browser has no camera for us. You can still watch and listen."),
        "camera_failed": gettext("Your camera could not be started. You can go on with sound only."),
        "microphone_works": gettext("Your microphone works"),
        "microphone_off": gettext("Your microphone is off"),
        "microphone_denied": gettext(
            "Your browser does not let us use the microphone. Allow it at the left of the address bar, "
            "or go on and only listen."
        ),
        "microphone_absent": gettext("We found no microphone. You can listen, and write in the chat."),
        "microphone_busy": gettext("Another program uses your microphone. Close it and try again, or only listen."),
        "microphone_unsupported": gettext("This browser has no microphone for us. You can still listen and write."),
        "microphone_failed": gettext("Your microphone could not be started. You can go on and only listen."),
    }
