"""Train open_clip models from packed corpora: shards -> captions and views -> losses -> one loop.

Reads packed shards alone and imports nothing of rsdata but its errors; torch and open_clip come with
`pip install 'rsdata[train]'`.
"""
