"""Code shared by several test suites, demo and Benchmarks. Nothing here needs pytest."""
