"""What more than one suite of tests uses, and demo and Benchmarks besides. Nothing in here needs pytest."""
