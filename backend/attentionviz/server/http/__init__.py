"""Shared parts of routes: parameters, responses, errors, the OpenAPI document, the server."""
