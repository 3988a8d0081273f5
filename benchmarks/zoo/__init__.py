"""`make bench-zoo`: the model zoo under stress, with stand-ins of its models on a real Triton.

operations.py   what is asked, drawn from a seed            (pure)
judging.py      what a right answer is                      (pure)
verdicts.py     a whole run's answers, and what they owe    (pure)
memory.py       the models' memory over time
client.py       one connection, one request at a time
system.py       Triton, the zoo and the gateway on ports of their own
faults.py       kills, and how the system is afterwards
stress.py, cycles.py, swaps.py, resident.py, leases.py, tour.py   the parts
"""
