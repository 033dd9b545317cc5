"""What all routes need: parameters, answers, errors, the OpenAPI document, the server."""
