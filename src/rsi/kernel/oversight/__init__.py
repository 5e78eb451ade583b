"""kernel/oversight"""
