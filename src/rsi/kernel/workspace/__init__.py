"""kernel/workspace"""
