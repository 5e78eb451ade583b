"""What runs inside a jail for the gym: the dialect, the plays of the problems, the evaluator. Sent there as files."""
