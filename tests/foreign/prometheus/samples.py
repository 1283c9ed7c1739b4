"""Reads metrics from standard input with Prometheus's own client library and prints its samples as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8")))
undocumented = [family.name for family in families if not family.documentation or family.type == "unknown"]
if undocumented:
    sys.exit(f"without HELP or TYPE: {undocumented}")
samples = [[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]
json.dump(samples, sys.stdout)
