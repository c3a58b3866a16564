"""What administrators use: check, readiness, the demo's embedded PACS, benchmarks."""
