"""Clips: videos and bursts of pictures, whose frames stay in this machine's memory.

clip.py             what a clip is, and how much of them may be kept
store.py            keeps them, under a budget; eviction.py says which have to go
sampling.py         which frames of a video are wanted
best_shot.py        the best frames that are not neighbours
micro_batches.py    a few frames at a time to a model
"""
