"""What a person sees of a run: a projection of its log, drawn live in a terminal or said line by line."""
