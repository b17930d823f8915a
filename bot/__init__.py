"""The assistant: one question in, one cited answer out, on every channel."""
