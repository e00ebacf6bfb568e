"""Trainings that the command line starts: models, breakers and the edits that pairs are made with."""
