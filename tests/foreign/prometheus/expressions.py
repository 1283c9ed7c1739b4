"""Parses PromQL expressions, given as a JSON list on standard input, with the grammar of Prometheus.

Prints a JSON list: for each expression the metrics and the labels it names.
"""

import json
import sys

import promql_parser


def walk(node, metrics, labels):
    for part in ("expr", "lhs", "rhs", "param", "vector_selector"):
        if (child := getattr(node, part, None)) is not None:
            walk(child, metrics, labels)
    for argument in getattr(node, "args", []):
        walk(argument, metrics, labels)
    if isinstance(node, promql_parser.VectorSelector):
        metrics.add(node.name or "a selector without a name")
        labels.update(matcher.name for matcher in node.matchers.matchers)
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql_parser.AggregateExpr):
        labels.update(modifier.labels if modifier else [])
    if isinstance(node, promql_parser.BinaryExpr) and modifier:
        labels.update(modifier.matching.labels if modifier.matching else [])
        labels.update(modifier.group_labels or [])


answer = []
for expression in json.load(sys.stdin):
    metrics, labels = set(), set()
    try:
        walk(promql_parser.parse(expression), metrics, labels)
    except ValueError as error:
        sys.exit(f"{expression}: {error}")
    answer.append({"expression": expression, "metrics": sorted(metrics), "labels": sorted(labels)})
json.dump(answer, sys.stdout)
