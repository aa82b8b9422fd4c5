"""Steering and watching the outside world: the JSON API under /sandbox/api and the page /sandbox."""
