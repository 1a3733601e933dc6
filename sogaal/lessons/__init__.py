"""What the course calculates in place: small experiments of their own, each in numbers, without drawing."""
