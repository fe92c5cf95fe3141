"""A refund system that keeps its books strictly and misbehaves on the line, by a plan that a seed fixes."""
