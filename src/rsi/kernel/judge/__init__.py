"""kernel/judge"""
