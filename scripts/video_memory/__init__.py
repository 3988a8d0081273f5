"""`make benchmark-video-memory`: frames of clips kept on the device, and in host memory.

sizes.py       how large everything is, and what that comes to             (pure)
options.py     the command line
result.py      what was measured, and what follows from it                 (pure)
report.py      all of it for people and programs; words.py says it         (pure)
clips.py       the same clips every time, in the store that enrichment keeps them in
patches.py     from frames to what the model is given
networks.py    a detector and an encoder with random weights
engine.py      both on one device, and the pixel values that are kept there
memory.py      what the device holds
device.py      how a device is asked
gpu.py         a GPU, from this process
standin.py     host memory standing for a device's: a process; standin_side.py runs in it
ways.py        frames kept on the device; frames kept in host memory
campaign.py    both ways, clip by clip; running.py one run, from flags to files
"""
