"""What is shipped as it is: one file, given to auditors in evidence packs, which imports nothing of ours."""
