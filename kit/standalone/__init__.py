"""What is shipped as it is: one file, given to auditors inside evidence packs, which imports nothing of ours."""
