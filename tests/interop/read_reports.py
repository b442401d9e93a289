"""Reads report.{md,tap,prom,xml,html} of a folder with programs of others and prints what each saw as JSON.

cmark-gfm is the parser that GitHub uses, tap.py reads TAP, prometheus_client has the reference parsers of OpenMetrics and of
Prometheus' own text format, junitparser reads JUnit XML, html5lib reads pages as the HTML standard says.
"""

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import html5lib
from junitparser import JUnitXml
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus
from tap.parser import Parser


def read_tap(path):
    seen = {"not_ok": [], "todo": [], "skip": [], "unknown": 0, "yaml": {}}
    for line in Parser().parse_file(str(path)):
        if line.category == "version":
            seen["version"] = line.version
        elif line.category == "plan":
            seen["plan"] = line.expected_tests
        elif line.category == "test":
            name = line.description.removeprefix("- ")
            if not line.ok:
                seen["not_ok"].append(name)
            if line.todo:
                seen["todo"].append(name)
            if line.skip:
                seen["skip"].append(name)
            if line.yaml_block:
                seen["yaml"][name] = line.yaml_block
        elif line.category == "unknown":
            seen["unknown"] += 1
    return seen


def read_metrics(families):
    seen = {}
    for family in families:
        for sample in family.samples:
            if "scenario" in sample.labels:
                seen.setdefault(sample.name, {})[sample.labels["scenario"]] = sample.value
    return seen


def read_junit(path):
    suites = JUnitXml.fromfile(str(path))
    names = ("tests", "failures", "errors", "skipped")
    return {name: sum(getattr(suite, name) for suite in suites) for name in names}


class Page(HTMLParser):
    USUAL = "table thead tbody tr th td code pre p h2 h3 ul li details summary a strong".split()

    def __init__(self):
        super().__init__()
        self.stack, self.headings, self.outside, self.odd = [], [], [], []
        self.tables = self.rows = self.cells = 0

    def handle_starttag(self, tag, attrs):
        self.stack.append(tag)
        self.tables += tag == "table"
        self.rows += tag == "tr"
        self.cells += tag in ("td", "th")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if tag not in self.USUAL:
            self.odd.append(tag)

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if "code" not in self.stack:
            self.outside.append(data)


def read_markdown(path):
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(path.read_text(), options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))
    return {
        "tables": page.tables,
        "rows": page.rows,
        "cells": page.cells,
        "headings": page.headings,
        "outside_code": page.outside,
        "odd_tags": page.odd,
    }


def read_html(path):
    """Raises at the first thing that the standard calls a parse error."""
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(path.read_text())
    tags = [element.tag for element in page.iter() if isinstance(element.tag, str)]
    attributes = {name for element in page.iter() for name in element.attrib}
    return {
        "scenarios": sum(e.get("class") == "scenario" for e in page.iter("details")),
        "scripts": tags.count("script"),
        "handlers": sorted(name for name in attributes if str(name).startswith("on")),
        "drawings": sum(tag.endswith("svg") for tag in tags),
    }


folder = Path(sys.argv[1])
metrics = (folder / "report.prom").read_text()
print(
    json.dumps(
        {
            "tap": read_tap(folder / "report.tap"),
            "openmetrics": read_metrics(openmetrics.text_string_to_metric_families(metrics)),
            "prometheus": read_metrics(prometheus.text_string_to_metric_families(metrics)),
            "junit": read_junit(folder / "report.xml"),
            "markdown": read_markdown(folder / "report.md"),
            "html": read_html(folder / "report.html"),
        }
    )
)
