"""Seeing: ONNX sessions, references, the pipeline from pictures to findings, evaluation and training."""
