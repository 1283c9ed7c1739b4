"""Compares an unpacked flow package with one that pypowerautomate makes: the same files, and in each of their objects the same
names. Usage: check.py FOLDER…"""

import json
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from pypowerautomate.actions.outlook365 import Outlook365SendAnEmailV2
from pypowerautomate.flow import Flow
from pypowerautomate.package import Package
from pypowerautomate.triggers import RecurrenceTrigger

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def reference(folder):
    """The files of a package with the connectors that our flows use."""
    trigger = RecurrenceTrigger("Daily")
    trigger.set_schedule("Day", 1)
    flow = Flow()
    flow.set_trigger(trigger)
    flow.append_action(Outlook365SendAnEmailV2("Mail", "to@contoso.example", "subject", "body", "Normal"))
    package = Package("reference", flow)
    package.set_sharepoint_connector("shared-sharepointonl-1")
    package.set_outlook365_connector("shared-office365-1")
    package.set_teams_connector("shared-teams-1")
    with zipfile.ZipFile(package.export_zipfile(folder)) as archive:
        return {GUID.sub("GUID", name): json.loads(archive.read(name)) for name in archive.namelist()}


def shape(value, depth):
    """Names of an object and of those in it, with GUIDs and addresses of icons left out."""
    if not isinstance(value, dict) or depth == 0:
        return type(value).__name__
    return sorted({(GUID.sub("GUID", name), json.dumps(shape(one, depth - 1))) for name, one in value.items() if name != "iconUri"})


def compared(name, content):
    if name.endswith("definition.json"):
        # What the flow does is its own business.
        properties = dict(content["properties"], definition=sorted({"actions", "triggers", "parameters"} & set(content["properties"]["definition"])))
        return shape(dict(content, properties=properties), 4), properties["definition"]
    return shape(content, 4)


with tempfile.TemporaryDirectory() as folder:
    theirs = reference(folder)
for path in map(Path, sys.argv[1:]):
    files = [file for file in path.rglob("*") if file.is_file()]
    ours = {GUID.sub("GUID", str(file.relative_to(path))): json.loads(file.read_text(encoding="utf-8")) for file in files}
    if sorted(ours) != sorted(theirs):
        sys.exit(f"{path} has {sorted(ours)}, not {sorted(theirs)}")
    for name in theirs:
        ours_is, theirs_is = compared(name, ours[name]), compared(name, theirs[name])
        if ours_is != theirs_is:
            sys.exit(f"{path}/{name} is\n{ours_is}\nnot\n{theirs_is}")
    print(f"{path} is made as packages are")
