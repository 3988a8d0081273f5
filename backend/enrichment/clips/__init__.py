"""Clips: videos and bursts of pictures, whose frames stay in this machine's memory.

clip.py             what a clip is, and how much of them may be kept
store.py            keeps them: holdings.py has the sums, eviction.py says which have to go
sampling.py         which frames of a video are wanted
decoding.py         gets them from decoder_process.py, in the words of protocol.py
burst.py            several pictures as frames
intake.py           from a file to a clip in the store
work.py             what is done with a clip as a job; upload.py is what it is made from
scoring.py          the quality of every frame; best_shot.py the best that are not neighbours
questions.py        a model of the zoo before frames, and before what a detector finds in them
micro_batches.py    a few frames at a time to a model; stage_log.py what models hold meanwhile
frame_numbers.py    which frames are meant
documents.py        clips and answers as JSON has them
"""
