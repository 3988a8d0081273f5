"""How much memory each model holds, measured from outside.

stubs.py     the processes that Triton's Python backend runs models in
host.py      memory of this machine
gpu.py       memory of a GPU, as its driver says
"""
