"""The way to Triton: the v2 protocol over HTTP, frames in batches, and its errors as ours.

model.py         what the gateway asks of one model
batching.py      frames that wait, and the lanes that take them
lane.py          one connection to one server: joins, carries batches, leaves, comes back
connection.py    one keep-alive HTTP/1.1 connection
shared_memory.py pixels that a Triton on this host reads where they are
metadata.py      what a server says about a model
wire.py          requests and answers as bytes
translation.py   from Triton's errors to ours
"""
