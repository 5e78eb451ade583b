"""kernel/evaluate"""
