"""Export of a trained model to ONNX and to PyTorch's archives, with a check of the result.

- module: the whole model, from stored pixels to probabilities and labels, as one torch module.
- formats: one writer and one reader for each format.
- examples: images that the exported model is checked with.
- check: differences between the exported model and the bundle.
- throughput: images per second, of both in turns.
- description: content of export.json and of the metadata in the exported file.
- export: all of it in order.
"""
