"""kernel/archive"""
