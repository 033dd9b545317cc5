"""What trains, measures and describes the small models that ship with the project."""
