"""The paper's experiments: benchmarks, systems, measures, tables and figures."""
