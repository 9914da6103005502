"""Tasks of run.py, which combine the layers below: train, crossval, benchmark and searches."""
