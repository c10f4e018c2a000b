"""The visit: lobby, waiting room, the room's door, chat, and what is kept of it."""
