"""rsdata: the open way to build vision-language corpora for remote sensing.

The data flows one way: readers -> records -> stages -> pack -> train -> evaluate.
"""

__version__ = "0.1.0"
