"""Translates a SAM template with AWS's own translator, offline. Usage: check.py TEMPLATE."""

import os
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator wants one; nothing is sent there

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

template = yaml_parse(Path(sys.argv[1]).read_text(encoding="utf-8"))
translated = Translator(managed_policy_map={}, sam_parser=Parser()).translate(template, parameter_values={})
functions = [name for name, one in translated["Resources"].items() if one["Type"] == "AWS::Lambda::Function"]
print("functions:", ", ".join(functions))
sys.exit(0 if functions else "the translated template has no function")
