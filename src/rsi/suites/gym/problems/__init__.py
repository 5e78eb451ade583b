"""The problems of the gym, one module each."""
