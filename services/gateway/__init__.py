"""The only door for residents: H5 pages, the JSON API, sessions and journeys (requirements 3.2.1.1–3.2.1.6)."""
