"""What fails a run: severities, rates, numbers of rows, a baseline."""
