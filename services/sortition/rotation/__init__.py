"""Standing panels: seats whose terms are staggered, rotated by lot so that the quotas hold at every rotation.

Pure: no files, sockets or clocks. Import the module you need (`calendar`, `plan`, `draw`, …); this file stays
empty so that HiGHS is loaded only by what solves.
"""
