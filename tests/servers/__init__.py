"""Small real servers for the tests: proxies that log what they were asked and fail on demand."""
