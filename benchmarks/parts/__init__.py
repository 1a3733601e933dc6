"""What benchmarks/speed.py is made of: the others it runs beside, the clock, and cost against size."""
