"""Workbooks of Excel made and read with nothing but zipfile and XML, apart from the code under test."""

import datetime
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from xml.sax.saxutils import escape, quoteattr

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DAY = datetime.date(1899, 12, 30)

# What East Asian offices show a day as.
FORMATS = ["General", "yyyy-mm-dd", 'yyyy"年"m"月"d"日"', 'yyyy"년" m"월"', "yyyy. m. d.;@", '[$-412]yyyy"년"', "#,##0"]


class Date:
    """A day in a cell, with the number of its format in FORMATS."""

    def __init__(self, text, look=1):
        self.day, self.look = datetime.date.fromisoformat(text), look


class Rich:
    """A text in runs, with a phonetic guide that is not part of it."""

    def __init__(self, *runs, phonetic=None):
        self.runs, self.phonetic = runs, phonetic


class Formula:
    """A formula with the value that it last had."""

    def __init__(self, formula, value):
        self.formula, self.value = formula, value


def letters(column):
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def string_item(value):
    if isinstance(value, Rich):
        runs = "".join(f"<r><rPr><b/></rPr><t xml:space='preserve'>{escape(run)}</t></r>" for run in value.runs)
        guide = f"<rPh sb='0' eb='1'><t>{escape(value.phonetic)}</t></rPh><phoneticPr fontId='1'/>" if value.phonetic else ""
        return f"<si>{runs}{guide}</si>"
    return f"<si><t xml:space='preserve'>{escape(value)}</t></si>"


def make(sheets, merged=(), inline=False, from_1904=False):
    """Bytes of a workbook. sheets: {name: rows}, a row is a list of None, str, int, float, bool, Date, Rich or Formula;
    merged: ranges of the first one."""
    strings = []
    parts = {}

    def cell(place, value):
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return f"<c r='{place}' t='b'><v>{int(value)}</v></c>"
        if isinstance(value, Date):
            number = (value.day - DAY).days - (1462 if from_1904 else 0)
            return f"<c r='{place}' s='{value.look}'><v>{number}</v></c>"
        if isinstance(value, (int, float)):
            return f"<c r='{place}'><v>{value!r}</v></c>"
        if isinstance(value, Formula):
            return f"<c r='{place}' t='str'><f>{escape(value.formula)}</f><v>{escape(value.value)}</v></c>"
        if inline and isinstance(value, str):
            return f"<c r='{place}' t='inlineStr'><is><t>{escape(value)}</t></is></c>"
        strings.append(string_item(value))
        return f"<c r='{place}' t='s'><v>{len(strings) - 1}</v></c>"

    for number, (name, rows) in enumerate(sheets.items(), 1):
        body = ""
        for index, row in enumerate(rows, 1):
            cells = "".join(cell(f"{letters(column)}{index}", value) for column, value in enumerate(row))
            if cells:
                body += f"<row r='{index}'>{cells}</row>"
        ranges = "".join(f"<mergeCell ref='{place}'/>" for place in merged) if number == 1 else ""
        ranges = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet xmlns='{MAIN}'><sheetData>{body}</sheetData>{ranges}</worksheet>"
    listed = "".join(f"<sheet name={quoteattr(name)} sheetId='{i}' r:id='rId{i}'/>" for i, name in enumerate(sheets, 1))
    parts["xl/workbook.xml"] = f"<workbook xmlns='{MAIN}' xmlns:r='{RELATIONS}'><workbookPr date1904='{int(from_1904)}'/><sheets>{listed}</sheets></workbook>"
    related = "".join(f"<Relationship Id='rId{i}' Type='{RELATIONS}/worksheet' Target='worksheets/sheet{i}.xml'/>" for i in range(1, len(sheets) + 1))
    related += f"<Relationship Id='styles' Type='{RELATIONS}/styles' Target='styles.xml'/>"
    related += f"<Relationship Id='strings' Type='{RELATIONS}/sharedStrings' Target='/xl/sharedStrings.xml'/>"
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships xmlns='{PACKAGE}'>{related}</Relationships>"
    parts["_rels/.rels"] = f"<Relationships xmlns='{PACKAGE}'><Relationship Id='a' Type='{RELATIONS}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
    looks = "".join(f"<numFmt numFmtId='{164 + i}' formatCode={quoteattr(code)}/>" for i, code in enumerate(FORMATS))
    styles = "".join(f"<xf numFmtId='{164 + i}'/>" for i in range(len(FORMATS)))
    parts["xl/styles.xml"] = f"<styleSheet xmlns='{MAIN}'><numFmts>{looks}</numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>"
    parts["xl/sharedStrings.xml"] = f"<sst xmlns='{MAIN}'>{''.join(strings)}</sst>"
    return pack({name: HEAD + text for name, text in parts.items()})


def pack(parts):
    """A container of {name: text or bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def repacked(workbook, **changed):
    """A workbook with parts changed: keys are names of parts without folder and ending, values functions of text."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts:
        stem = name.rsplit("/", 1)[-1].split(".")[0]
        if stem in changed:
            parts[name] = changed[stem](parts[name].decode("utf-8"))
    return pack(parts)


def read(path):
    """{name: {place: text, number or formula}} of a workbook, the texts of charts aside, and the archive's names."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        tree = {name: ET.fromstring(archive.read(name)) for name in names if name.endswith((".xml", ".rels"))}
    strings = ["".join(t.text or "" for t in item.iter(f"{{{MAIN}}}t")) for item in tree["xl/sharedStrings.xml"]] if "xl/sharedStrings.xml" in tree else []
    targets = {item.get("Id"): item.get("Target") for item in tree["xl/_rels/workbook.xml.rels"]}
    found = {}
    for sheet in tree["xl/workbook.xml"].iter(f"{{{MAIN}}}sheet"):
        cells = {}
        for c in tree["xl/" + targets[sheet.get(f"{{{RELATIONS}}}id")]].iter(f"{{{MAIN}}}c"):
            formula, value = c.find(f"{{{MAIN}}}f"), c.find(f"{{{MAIN}}}v")
            if formula is not None:
                cells[c.get("r")] = "=" + formula.text
            elif c.get("t") == "s":
                cells[c.get("r")] = strings[int(value.text)]
            elif c.get("t") == "inlineStr":
                cells[c.get("r")] = "".join(t.text or "" for t in c.iter(f"{{{MAIN}}}t"))
            elif value is not None:
                cells[c.get("r")] = float(value.text)
        found[sheet.get("name")] = cells
    return found, names, tree


def table(cells, head=1):
    """Rows under a head as dicts."""
    heads = {re.sub(r"\d", "", place): text for place, text in cells.items() if re.sub(r"\D", "", place) == str(head)}
    rows = {}
    for place, value in cells.items():
        column, row = re.sub(r"\d", "", place), int(re.sub(r"\D", "", place))
        if row > head and column in heads:
            rows.setdefault(row, {})[heads[column]] = value
    return [rows[row] for row in sorted(rows)]


def day(number):
    """A date of a cell as ISO 8601."""
    return (DAY + datetime.timedelta(days=int(number))).isoformat()
