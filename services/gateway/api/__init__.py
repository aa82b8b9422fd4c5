"""The JSON API /api/v1: its payloads, its route table and the OpenAPI document made from both."""
