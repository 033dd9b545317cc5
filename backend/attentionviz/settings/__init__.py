"""Every setting: its name, default, meaning and how its value is read."""
