"""Spreadsheets in and out: targets and respondents from CSV or a workbook, every error at once, safe CSV.

Import the module you need: `targets`, `respondents`, `assemble`, `corrected`, `writer`, `findings`.
"""
