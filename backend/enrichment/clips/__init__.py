"""Clips: videos and bursts of pictures, whose frames stay in this machine's memory.

clip.py             what a clip is, and how much of them may be kept
store.py            keeps them: holdings.py has the sums, eviction.py says which have to go
sampling.py         which frames of a video are wanted
decoding.py         gets them from decoder_process.py, in the words of protocol.py
burst.py            several pictures as frames
intake.py           from a file to a clip in the store
best_shot.py        the best frames that are not neighbours
micro_batches.py    a few frames at a time to a model
"""
