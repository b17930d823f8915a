"""The documents: what they say, what is known of them, and how they are cut into citable passages."""
