"""The way to Triton: the v2 protocol, and its errors as ours.

Over HTTP, one model's frames in batches, among greenlets:

model.py         what the gateway asks of one model
batching.py      frames that wait, and the lanes that take them
lane.py          one connection to one server: joins, carries batches, leaves, comes back
connection.py    one keep-alive HTTP/1.1 connection
shared_memory.py pixels that a Triton on this host reads where they are
metadata.py      what a server says about a model
wire.py          requests and answers as bytes

Over gRPC, any model and model control, among threads:

grpc_server.py   one server

translation.py   from Triton's errors to ours
"""
