"""The live board: the board's own page, served to this machine while a run trains.

`alfgraph run GRAPH --board` opens it; without that option nothing in here is imported.
"""
