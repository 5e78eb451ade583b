"""kernel/audit"""
