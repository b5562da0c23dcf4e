"""What every list, name and update of the APIs has in common, after Google's AIPs."""
