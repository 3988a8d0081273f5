"""Work that takes longer than a request should: it goes on though its connection closes.

job.py      one piece of work: how far it is, what came of it
jobs.py     so many at once, so many waiting, and those that are over, for a while
"""
