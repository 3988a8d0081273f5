"""What loading and unloading a model costs, in three ways of isolation.

kinds.py            the kinds of model, and the networks that stand for them     (pure)
metrics.py          what is measured, with its units                             (pure)
verdicts.py         the tables from figures to verdicts                          (pure)
recommendations.py  from figures to what to do                                   (pure)
report.py           JSON, Markdown and the terminal's table; chart.py the SVG    (pure)
options.py          the command line; dependencies.py what has to be installed
benchmark.py        load, first inference, unload, again and again
memory.py           what processes hold; page_cache.py what the kernel holds of files
holder.py           the process that a model is in; worker.py is how to ask it
networks.py         Transformers' networks: opened and asked; making.py made and exported
ways.py             in process, and in a subprocess; in_triton.py, served.py: in Triton
campaign.py         every model in every way; running.py one run, from flags to files
about.py            what a report says of its run
"""
