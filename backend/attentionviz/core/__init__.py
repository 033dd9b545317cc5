"""Words, shapes and alignment that every other part shares."""
