"""The data of the demonstration, tests and benchmarks, and the script that packs it."""
