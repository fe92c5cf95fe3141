"""Making models: training and export with torch, never imported by what runs."""
