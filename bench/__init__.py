"""The table of figures: `python -m bench`, each figure beside its peer or floor in the same run."""
