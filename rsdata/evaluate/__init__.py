"""Measure a model: data -> vectors -> retrieval, zero-shot, probes -> a JSON file and a table beside published numbers.

Metrics are plain numpy over vectors, so that they can be held against brute force; torch comes in where a model embeds
images and texts (`features`).
"""
