"""What runs in the gateway's own process, and is imported nowhere else: providers' libraries, keys, prices."""
