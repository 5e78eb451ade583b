"""Frozen improvers on the same held-out problems under the same budget: does an improved agent improve programs better?"""
