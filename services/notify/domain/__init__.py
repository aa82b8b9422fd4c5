"""Rules of notify: what becomes of a message after each step, and which provider takes it."""
