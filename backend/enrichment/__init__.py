"""The model zoo: many models, loaded on demand within one budget of GPU memory.

catalog.toml     the models: what each is for, needs, takes and answers
catalog.py       reads and checks it
model_spec.py    one row of it, typed
consistency.py   what must agree within a row
clips/           videos and bursts, whose frames stay in this machine's memory
tasks/           from pixels to a model's input, and from its output to an answer
"""
