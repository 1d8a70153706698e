"""Reads the project's pages."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(page, heading):
    """The fenced blocks below a heading, with the language of each."""
    text = (ROOT / page).read_text(encoding="utf-8")
    [section] = re.findall(rf"^{re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return re.findall(r"^```(\w*)\n(.*?)^```$", section, re.M | re.S)
