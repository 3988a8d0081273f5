"""Where the time goes: GPU, Triton's queue and its inferences, a line a second."""
