"""Representativeness: seats by population, how well each stage mirrors it, and what may be published of it.

Pure: no files, sockets, clocks or chance. Import the module you need (`seats`, `account`, `suppression`,
`publication`); this file stays empty so that NumPy and HiGHS are loaded only by what solves.
"""
