"""The JSON API /api/v1 for mini programs and other clients, by subject: bearer tokens and no cookies.

Thin: every action is the same use case or RPC the pages use.
"""
