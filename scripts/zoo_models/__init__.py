"""What fills the zoo's model repository: stand-ins, and what writes a model's folder.

configuration.py   a model's config.pbtxt, from its row of the catalogue
places.py          where the repository is, and how a model's folder comes into it
standins.py        the files of models that take the place of absent ones; standin/ has their code
"""
