"""From passages to hits: the encoder, the immutable snapshots, the hybrid search."""
