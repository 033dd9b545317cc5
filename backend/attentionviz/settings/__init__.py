"""All settings: name, default, meaning and parsing."""
