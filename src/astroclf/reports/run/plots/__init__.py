"""Charts of the report: numbers in, `Chart` out."""
