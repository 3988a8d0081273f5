"""From pixels to a model's input, and from its output to an answer: pure functions, a task each.

A task's module has `preprocess`, `postprocess` and `SCHEMA`, the JSON schema of what the second
returns. What they share:

registry.py   the tasks by name
options.py    what a caller may ask for
pictures.py   pixels → tensor; geometry.py maps places in the tensor back into the picture
tensors.py    a model's output, checked against the catalogue
yolo.py       the heads that detection and pose have in common; boxes.py keeps the best of them
scores.py     of classes, ranked
masks.py      what an object covers, of the models that say it
regions.py    connected parts of a mask
schemas.py    parts that the schemas share
"""
