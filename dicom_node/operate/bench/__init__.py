"""The benchmark: start, memory, latency and throughput of the whole node, beside references of the same run."""
