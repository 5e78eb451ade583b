"""kernel/sandbox"""
