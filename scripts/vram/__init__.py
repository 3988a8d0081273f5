"""`make benchmark-vram`: how much memory each model of the zoo takes, and how long it loads.

options.py           the command line
troubles.py          what can go wrong, and what helps              (pure)
result.py            one model's figures                            (pure)
report.py            all of them, as Markdown and as JSON           (pure)
interpretation.py    what the figures mean, and what to do about it (pure)
catalogue_update.py  the figures, for the zoo to admit by
nvidia_smi.py        memory of a GPU where its driver's library cannot be asked; smi_query.py asks
probe.py             which source of figures there is
measuring.py         one model: load, ask, unload
place.py             the Triton that is measured
progress.py          what a person sees meanwhile
campaign.py          all models, one after the other
words.py             figures as people read them                    (pure)
"""
