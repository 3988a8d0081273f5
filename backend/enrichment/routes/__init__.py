"""What the model zoo's process answers, a module for each resource.

pictures.py      models before one picture
models.py        what the zoo has, and an administrator's say in it
clips.py         videos and bursts as frames, and models before them; clip_uploads.py receives them
jobs.py          how far long work is, its end, and how a request waits for it
bodies.py        bodies that do not come, or break off
query.py         options in the query; owner.py whose request it is; room.py how many at once
"""
