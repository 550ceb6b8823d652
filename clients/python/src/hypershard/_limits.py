# Made by `npm run generate` from contract/ and the routes of the coordinator; do not edit.
"""Limits of the API that the client keeps to."""

HITS_MAX = 1000
BATCH_SEARCHES_MAX = 64
BATCH_HITS_MAX = 10000
LINE_ERRORS_MAX = 1000
SEARCH_S_DEFAULT = 10
