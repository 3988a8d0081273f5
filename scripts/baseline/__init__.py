"""How `baseline-synthetic` is made: rendered faces, degradations, training, evaluation."""
