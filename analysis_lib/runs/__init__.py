"""Parameters → execute → validate → record → cache."""
