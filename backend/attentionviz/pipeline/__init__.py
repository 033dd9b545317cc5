"""From a corpus to a checked dataset: capture, maps, measures, files; resumable at any moment."""
