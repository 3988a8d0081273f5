"""Gets the zoo's models from their sources and makes them servable.

options.py      what is asked for
sources.toml    where each model comes from, and how it is built; sources.py reads it
pins.py         the revisions and digests that were first met, and hold ever after
hub.py          the hub's plain HTTP interface; stream.py its connections; download.py its files
networks.py     weights → network: Transformers' architectures; timm_vit.py, osnet.py, yolo.py
                the others; weights.py reads tensors out of files
text.py         models that take prompts; served/ is what runs of them inside Triton
graph.py        network → ONNX, compared with it; given.py takes an ONNX file that somebody has
agreement.py    whether tensors and labels are those of the catalogue's row
installing.py   the model's folder, with its provenance
fetching.py     one model from its source to its folder; progress.py shows how far it is
"""
